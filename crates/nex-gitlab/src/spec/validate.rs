//! The problems of a section beyond its schema.

use nex_plan::Problems;

use super::{Spec, host};

/// The majors that this crate's rendering was checked against.
const MAJORS: std::ops::RangeInclusive<u16> = 18..=19;

impl Spec {
    /// All that is wrong, each at its field's path from this section on.
    pub fn validate(&self) -> Problems {
        let mut problems = Problems::new();
        self.version_problems(&mut problems);
        self.name_problems(&mut problems);
        self.token_problems(&mut problems);
        self.mail_problems(&mut problems);
        for (field, text) in [("name", &self.database.name), ("user", &self.database.user)] {
            problems.unless(
                is_identifier(text),
                format!("database.{field}"),
                format!("{text:?} is no plain PostgreSQL name"),
                "lower-case letters, digits and underscores, 63 at most, no digit first",
            );
        }
        problems.unless(
            (1..=365).contains(&self.backups.keep_local_days),
            "backups.keep_local_days",
            format!("{} days", self.backups.keep_local_days),
            "1 to 365",
        );
        problems
    }

    fn version_problems(&self, problems: &mut Problems) {
        problems.unless(
            MAJORS.contains(&self.version.major),
            "version",
            format!("GitLab {} is not supported", self.version),
            format!("{}.x to {}.x", MAJORS.start(), MAJORS.end()),
        );
    }

    fn name_problems(&self, problems: &mut Problems) {
        for (field, url) in [("url", &self.url), ("registry_url", &self.registry_url)] {
            problems.unless(
                url.starts_with("https://") && is_host(host(url)),
                field,
                format!("{url:?} is not an https address without a path"),
                "https:// and a lower-case host name, such as https://gitlab.example.com",
            );
        }
        problems.unless(
            is_host(&self.ssh_host),
            "ssh_host",
            format!("{:?} is no host name", self.ssh_host),
            "a lower-case host name, such as ssh-gitlab.example.com",
        );
        let hosts = self.hosts();
        problems.unless(
            hosts.web != hosts.registry,
            "registry_url",
            format!("{:?} is also the host of url", hosts.registry),
            "a host name of its own: GitLab and the registry share port 443",
        );
        problems.unless(
            hosts.ssh != hosts.registry,
            "ssh_host",
            format!("{:?} is also the host of registry_url", hosts.ssh),
            "a host name of its own",
        );
    }

    fn token_problems(&self, problems: &mut Problems) {
        let Some(expires) = &self.admin_token_expires else {
            return;
        };
        problems.unless(
            is_date(expires),
            "admin_token_expires",
            format!("{expires:?} is no day of the calendar"),
            "YYYY-MM-DD",
        );
        problems.unless(
            self.admin_token.is_some(),
            "admin_token_expires",
            "there is no admin_token that could expire",
            "only together with admin_token",
        );
    }

    fn mail_problems(&self, problems: &mut Problems) {
        let Some(mail) = &self.mail else { return };
        problems.unless(
            is_host(&mail.host),
            "mail.host",
            format!("{:?} is no host name", mail.host),
            "a lower-case host name, such as smtp.example.com",
        );
        problems.unless(mail.port != 0, "mail.port", "0 is no port", "1 to 65535");
        problems.unless(
            !mail.user.is_empty(),
            "mail.user",
            "it is empty",
            "the user name that the relay gave",
        );
        let addresses = [
            ("from", Some(&mail.from)),
            ("reply_to", mail.reply_to.as_ref()),
        ];
        for (field, address) in addresses {
            let Some(address) = address else { continue };
            problems.unless(
                is_address(address),
                format!("mail.{field}"),
                format!("{address:?} is no mail address"),
                "NAME@HOST",
            );
        }
    }
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let top_is_a_word = text
        .rsplit('.')
        .next()
        .is_some_and(|top| top.len() > 1 && top.starts_with(|c: char| c.is_ascii_lowercase()));
    text.len() <= 253 && text.contains('.') && top_is_a_word && text.split('.').all(label)
}

fn is_identifier(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_address(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    plain
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1..=days).contains(&day)
}
