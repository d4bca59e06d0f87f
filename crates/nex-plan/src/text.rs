//! A plan as text for a terminal or a log.

use std::fmt::Write as _;

use crate::{Action, Change, Effect, FieldChange, Level, Linted, Plan, Value, Verdict};

/// Whether text carries colours. It reads the same without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Ansi,
}

impl Paint {
    fn code(self, code: &str, text: &str) -> String {
        match self {
            Paint::Plain => text.to_owned(),
            Paint::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    /// `text` in the colour of `action`.
    pub fn action(self, action: Action, text: &str) -> String {
        self.code(
            match action {
                Action::Create => "32",
                Action::Update => "33",
                Action::Replace => "35",
                Action::Delete => "31",
            },
            text,
        )
    }

    /// `text` in the colour of `level`.
    pub fn level(self, level: Level, text: &str) -> String {
        self.code(
            match level {
                Level::Info => "36",
                Level::Warning => "33",
                Level::Refusal => "1;31",
            },
            text,
        )
    }

    /// `text` made to stand back.
    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }
}

impl Linted {
    /// The plan, the verdicts, and a last line with the counts.
    pub fn text(&self, paint: Paint) -> String {
        let mut out = String::new();
        for change in &self.plan.actions {
            change.write(&mut out, paint);
        }
        for verdict in &self.verdicts {
            verdict.write(&mut out, paint);
        }
        let _ = writeln!(out, "{}", self.summary());
        out
    }

    fn summary(&self) -> String {
        let environment = &self.plan.environment;
        match (self.plan.is_empty(), self.refusals().count()) {
            (true, 0) => format!("no changes: {environment} is as its spec says"),
            (true, refused) => {
                format!("no changes, but {environment} is not as its spec says: {refused} refused")
            }
            (false, _) => {
                let counts = self.plan.counts();
                format!(
                    "{environment}: {} to create, {} to update, {} to replace, {} to delete",
                    counts.create, counts.update, counts.replace, counts.delete
                )
            }
        }
    }
}

impl Plan {
    /// The plan, and a last line with the counts.
    pub fn text(&self, paint: Paint) -> String {
        self.clone().linted(vec![]).text(paint)
    }
}

impl Change {
    fn write(&self, out: &mut String, paint: Paint) {
        let sign = match self.action {
            Action::Create => "+",
            Action::Update => "~",
            Action::Replace => "±",
            Action::Delete => "-",
        };
        let head = format!("{sign} {:<8}{}", self.action, self.resource);
        let _ = writeln!(out, "{}", paint.action(self.action, &head));
        for reason in &self.reasons {
            let _ = writeln!(out, "    because {reason}");
        }
        for field in &self.fields {
            field.write(out, self.action);
        }
        out.push('\n');
    }
}

impl FieldChange {
    fn write(&self, out: &mut String, action: Action) {
        let note = match (action, self.effect) {
            (Action::Create | Action::Delete, _) | (_, Effect::InPlace) => "",
            (_, Effect::Restart) => "  (needs a restart)",
            (_, Effect::Replace) => "  (needs a replacement)",
        };
        match action {
            Action::Create => write_new(out, &self.field, &self.new),
            Action::Delete => write_new(out, &self.field, &self.old),
            Action::Update | Action::Replace => {
                write_difference(out, &self.field, &self.old, &self.new, note);
            }
        }
    }
}

fn write_new(out: &mut String, field: &str, value: &Value) {
    match value {
        Value::Absent => {}
        Value::List(items) if !items.is_empty() => {
            let _ = writeln!(out, "    {field}:");
            for item in items {
                let _ = writeln!(out, "      {item}");
            }
        }
        Value::Map(items) if !items.is_empty() => {
            for (key, item) in items {
                write_new(out, &format!("{field}.{key}"), item);
            }
        }
        value => {
            let _ = writeln!(out, "    {field}: {value}");
        }
    }
}

/// Only what differs: a map key by key, a list by what leaves and what comes.
fn write_difference(out: &mut String, field: &str, old: &Value, new: &Value, note: &str) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Map(a), Value::Map(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let side = |map: &std::collections::BTreeMap<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Absent)
                };
                let path = format!("{field}.{key}");
                write_difference(out, &path, &side(a), &side(b), note);
            }
        }
        (Value::List(a), Value::List(b)) => {
            let _ = writeln!(out, "    {field}:{note}");
            for item in a.iter().filter(|item| !b.contains(item)) {
                let _ = writeln!(out, "      - {item}");
            }
            for item in b.iter().filter(|item| !a.contains(item)) {
                let _ = writeln!(out, "      + {item}");
            }
        }
        (old, new) => {
            let _ = writeln!(out, "    {field}: {old} -> {new}{note}");
        }
    }
}

impl Verdict {
    fn write(&self, out: &mut String, paint: Paint) {
        let _ = writeln!(out, "{}", self.text(paint));
    }

    /// `level[code] subject: message`, and the hint on a line of its own.
    pub fn text(&self, paint: Paint) -> String {
        let head = paint.level(self.level, &format!("{}[{}]", self.level, self.code));
        format!(
            "{head} {}: {}\n  hint: {}",
            self.subject, self.message, self.hint
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResourceId;
    use expect_test::expect;

    fn change(action: Action, fields: Vec<FieldChange>) -> Change {
        Change {
            action,
            resource: ResourceId::new("security-group", "gitlab"),
            fields,
            reasons: vec![],
        }
    }

    #[test]
    fn an_update_shows_only_what_leaves_and_what_comes() {
        let mut plan = Plan::new("staging");
        let rules =
            FieldChange::in_place("ingress", Value::set(["a", "b"]), Value::set(["b", "c"]));
        let policy = FieldChange::in_place(
            "policies",
            Value::map([("logs", Value::from("x")), ("s3", Value::from("same"))]),
            Value::map([("logs", Value::from("y")), ("s3", Value::from("same"))]),
        );
        plan.push(change(Action::Update, vec![rules, policy]));
        expect![[r#"
            ~ update  security-group gitlab
                ingress:
                  - "a"
                  + "c"
                policies.logs: "x" -> "y"

            staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        "#]]
        .assert_eq(&plan.text(Paint::Plain));
    }

    #[test]
    fn a_create_shows_what_is_known_and_what_is_not() {
        let mut plan = Plan::new("staging");
        plan.push(change(
            Action::Create,
            vec![
                FieldChange::in_place("vpc", Value::Absent, "vpc-1"),
                FieldChange::in_place("token", Value::Absent, Value::Hidden),
                FieldChange::in_place("ip", Value::Absent, Value::Later("its allocation".into())),
            ],
        ));
        expect![[r#"
            + create  security-group gitlab
                vpc: "vpc-1"
                token: (hidden)
                ip: (known after its allocation)

            staging: 1 to create, 0 to update, 0 to replace, 0 to delete
        "#]]
        .assert_eq(&plan.text(Paint::Plain));
    }

    #[test]
    fn without_colour_no_escape_is_written_and_with_it_the_text_is_the_same() {
        let mut plan = Plan::new("staging");
        plan.push(change(Action::Delete, vec![]));
        let linted = plan.linted(vec![Verdict::warning("code", "field", "m", "h")]);
        let plain = linted.text(Paint::Plain);
        assert!(!plain.contains('\u{1b}'));
        let mut coloured = linted.text(Paint::Ansi);
        for code in ["31", "33", "0"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(coloured, plain);
    }
}
