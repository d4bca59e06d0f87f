//! The checks of a section that its schema cannot express, and those that callers without the schema need.

use email_address::EmailAddress;
use nex_plan::Problems;
use time::Date;
use time::macros::format_description;

use super::{Mail, Spec, host};

/// The major versions that this crate's rendering is checked against.
const MAJORS: std::ops::RangeInclusive<u64> = 18..=19;

impl Spec {
    /// All problems of the section, each with its field's path within the section.
    pub fn validate(&self) -> Problems {
        let mut problems = Problems::new();
        self.validate_version(&mut problems);
        self.validate_hosts(&mut problems);
        self.validate_token(&mut problems);
        if let Some(mail) = &self.mail {
            mail.validate(&mut problems);
        }
        self.validate_database(&mut problems);
        problems.unless(
            (1..=365).contains(&self.backups.keep_local_days),
            "backups.keep_local_days",
            format!("{} days is out of range", self.backups.keep_local_days),
            "1 to 365",
        );
        problems
    }

    fn validate_version(&self, problems: &mut Problems) {
        problems.unless(
            MAJORS.contains(&self.version.major()),
            "version",
            format!("GitLab {} is not supported", self.version),
            format!("{}.x to {}.x", MAJORS.start(), MAJORS.end()),
        );
    }

    fn validate_hosts(&self, problems: &mut Problems) {
        for (field, url) in [("url", &self.url), ("registry_url", &self.registry_url)] {
            problems.unless(
                url.starts_with("https://") && is_host(host(url)),
                field,
                format!("{url:?} is not a valid https URL without a path"),
                "https:// and a lower-case host name, such as https://gitlab.example.com",
            );
        }
        problems.unless(
            is_host(&self.ssh_host),
            "ssh_host",
            format!("{:?} is not a valid host name", self.ssh_host),
            "a lower-case host name, such as ssh-gitlab.example.com",
        );
        let hosts = self.hosts();
        problems.unless(
            hosts.web != hosts.registry,
            "registry_url",
            format!("{:?} is also the host of url", hosts.registry),
            "a different host name: GitLab and the registry share port 443",
        );
        problems.unless(
            hosts.ssh != hosts.registry,
            "ssh_host",
            format!("{:?} is also the host of registry_url", hosts.ssh),
            "a different host name",
        );
    }

    fn validate_token(&self, problems: &mut Problems) {
        let Some(expires) = &self.admin_token_expires else {
            return;
        };
        problems.unless(
            is_date(expires),
            "admin_token_expires",
            format!("{expires:?} is not a valid date"),
            "YYYY-MM-DD",
        );
        problems.unless(
            self.admin_token.is_some(),
            "admin_token_expires",
            "admin_token is not set",
            "only together with admin_token",
        );
    }

    fn validate_database(&self, problems: &mut Problems) {
        for (field, text) in [("name", &self.database.name), ("user", &self.database.user)] {
            problems.unless(
                is_identifier(text),
                format!("database.{field}"),
                format!("{text:?} is not a valid PostgreSQL name"),
                "1 to 63 lower-case letters, digits and underscores, not starting with a digit",
            );
        }
    }
}

impl Mail {
    fn validate(&self, problems: &mut Problems) {
        problems.unless(
            is_host(&self.host),
            "mail.host",
            format!("{:?} is not a valid host name", self.host),
            "a lower-case host name, such as smtp.example.com",
        );
        problems.unless(
            self.port != 0,
            "mail.port",
            "0 is not a valid port",
            "1 to 65535",
        );
        problems.unless(
            !self.user.is_empty(),
            "mail.user",
            "the user name is empty",
            "the user name of an account at the relay",
        );
        let addresses = [
            ("from", Some(&self.from)),
            ("reply_to", self.reply_to.as_ref()),
        ];
        for (field, address) in addresses {
            let Some(address) = address else { continue };
            problems.unless(
                is_email_address(address),
                format!("mail.{field}"),
                format!("{address:?} is not a valid email address"),
                "NAME@HOST",
            );
        }
    }
}

/// Whether `text` is a host name for a public DNS zone: lower case, at least two labels, no IP address.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let is_top_level =
        |label: &str| label.len() > 1 && label.starts_with(|c: char| c.is_ascii_lowercase());
    let Some((_, top_level)) = text.rsplit_once('.') else {
        return false;
    };
    text.len() <= 253 && is_top_level(top_level) && text.split('.').all(is_label)
}

fn is_identifier(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether `text` is an address alone: GitLab adds the display name itself.
fn is_email_address(text: &str) -> bool {
    let options = email_address::Options::default()
        .without_display_text()
        .without_domain_literal();
    EmailAddress::parse_with_options(text, options).is_ok()
}

/// Whether `text` is a date in the form `YYYY-MM-DD`. The length excludes a sign, which `time` accepts before the year.
fn is_date(text: &str) -> bool {
    text.len() == "YYYY-MM-DD".len()
        && Date::parse(text, format_description!("[year]-[month]-[day]")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_calendar_days_in_one_form() {
        for text in ["2027-03-18", "2028-02-29", "2000-02-29", "0001-01-01"] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "2027-02-29",
            "2100-02-29",
            "2027-00-10",
            "2027-13-01",
            "2027-3-18",
            "+2027-03-18",
            "-2027-03-18",
            "2027-03-18 ",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }

    #[test]
    fn email_addresses_have_no_display_name_and_no_address_literal() {
        for text in ["gitlab@example.com", "git.lab+ci@sub.example.com"] {
            assert!(is_email_address(text), "{text}");
        }
        for text in [
            "@",
            "gitlab@",
            "@example.com",
            "a@b@example.com",
            "git lab@example.com",
            "GitLab <gitlab@example.com>",
            "gitlab@[192.0.2.1]",
        ] {
            assert!(!is_email_address(text), "{text}");
        }
    }
}
