//! Plans and findings as text for a terminal or a log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::compact::{NamedList, fold, plain, printable, telling};
use crate::{
    Action, Allowance, Change, Coverage, FieldChange, Finding, Linted, Plan, Planned, Severity,
    Step, UpdateBehavior, Value,
};

/// Whether text carries colours. The text reads the same without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Ansi,
}

impl Paint {
    fn styled(self, style: Style, text: &str) -> String {
        match self {
            Paint::Plain => text.to_owned(),
            Paint::Ansi => format!("{style}{text}{style:#}"),
        }
    }

    /// `text` in the colour of `action`.
    pub fn action(self, action: Action, text: &str) -> String {
        let colour = match action {
            Action::Create => AnsiColor::Green,
            Action::Update => AnsiColor::Yellow,
            Action::Replace => AnsiColor::Magenta,
            Action::Delete => AnsiColor::Red,
        };
        self.styled(colour.on_default(), text)
    }

    /// `text` in the colour of `severity`.
    pub fn severity(self, severity: Severity, text: &str) -> String {
        let style = match severity {
            Severity::Info => AnsiColor::Cyan.on_default(),
            Severity::Warning => AnsiColor::Yellow.on_default(),
            Severity::Deny => AnsiColor::Red.on_default().bold(),
        };
        self.styled(style, text)
    }
}

/// How much of a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail<'a> {
    /// Every field of every resource.
    Full,
    /// A created resource on one line with its most telling values, and equal entries for the items of a list folded.
    Compact(&'a [NamedList]),
}

/// Writes plans and findings as text.
#[derive(Clone, Copy)]
pub struct Renderer<'a> {
    /// How much is shown.
    pub detail: Detail<'a>,
    /// Whether the text carries colours.
    pub paint: Paint,
    /// The words for the remedy of a finding: a program names its own commands and options.
    pub remedy: &'a dyn Fn(&Finding) -> String,
    /// The findings that the operator allows: they do not stop the plan.
    pub allow: &'a BTreeSet<Allowance>,
}

/// No finding is allowed.
static NOTHING_ALLOWED: BTreeSet<Allowance> = BTreeSet::new();

impl Renderer<'static> {
    /// Text without colours, with remedies in words that name no program.
    pub fn plain() -> Self {
        Self {
            detail: Detail::Full,
            paint: Paint::Plain,
            remedy: &|finding| finding.remedy.to_string(),
            allow: &NOTHING_ALLOWED,
        }
    }
}

impl Renderer<'_> {
    /// The plan, the findings, and a last line with the counts.
    pub fn linted<S: Step>(&self, linted: &Linted<S>) -> String {
        let mut out = self.changes(linted.plan());
        for finding in linted.findings() {
            let _ = writeln!(out, "{}", self.finding(finding));
        }
        let denials = linted.denials().filter(|f| !self.allows(f)).count();
        let _ = writeln!(
            out,
            "{}",
            summary(linted.plan(), denials, linted.coverage())
        );
        out
    }

    /// The plan, and a last line with the counts.
    pub fn plan<S: Step>(&self, plan: &Plan<S>) -> String {
        let mut out = self.changes(plan);
        let _ = writeln!(out, "{}", summary(plan, 0, Coverage::Whole));
        out
    }

    fn allows(&self, finding: &Finding) -> bool {
        finding.severity == Severity::Deny && self.allow.contains(&finding.allowance())
    }

    /// `severity[code] subject: message`, and the remedy on a line of its own. What the operator allows needs no remedy.
    pub fn finding(&self, finding: &Finding) -> String {
        let Finding {
            severity,
            code,
            subject,
            message,
            remedy: _,
        } = finding;
        let (subject, message) = (printable(subject.name()), printable(message));
        if self.allows(finding) {
            let head = format!("allowed[{code}]");
            let head = self.paint.severity(Severity::Warning, &head);
            return format!("{head} {subject}: {message}");
        }
        let head = self
            .paint
            .severity(*severity, &format!("{severity}[{code}]"));
        let remedy = printable((self.remedy)(finding));
        format!("{head} {subject}: {message}\n  hint: {remedy}")
    }

    fn changes<S: Step>(&self, plan: &Plan<S>) -> String {
        let mut out = String::new();
        for entry in &plan.entries {
            let change = Planned::change(entry);
            match self.detail {
                Detail::Compact(lists) if change.action == Action::Create => {
                    let values = telling(entry.headline(), &change.fields, lists);
                    self.line(&mut out, &change, &values);
                }
                Detail::Full | Detail::Compact(_) => self.change(&mut out, &change),
            }
        }
        if self.detail != Detail::Full && !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        out
    }

    /// A created resource on one line.
    fn line(&self, out: &mut String, change: &Change, values: &[String]) {
        let id = printable(change.id.to_string());
        let head = format!("+ {:<8}{id}", change.action);
        let head = self.paint.action(change.action, &head);
        let values = values.join(", ");
        let gap = if values.is_empty() { "" } else { "  " };
        let _ = writeln!(out, "{head}{gap}{values}");
    }

    fn change(&self, out: &mut String, change: &Change) {
        let Change {
            action,
            id,
            fields,
            reasons,
        } = change;
        let sign = match action {
            Action::Create => "+",
            Action::Update => "~",
            Action::Replace => "±",
            Action::Delete => "-",
        };
        let head = format!("{sign} {action:<8}{}", printable(id.to_string()));
        let _ = writeln!(out, "{}", self.paint.action(*action, &head));
        for reason in reasons {
            let _ = writeln!(out, "    because {}", printable(reason));
        }
        for field in fields {
            self.field(out, field, *action);
        }
        out.push('\n');
    }

    fn field(&self, out: &mut String, change: &FieldChange, action: Action) {
        let FieldChange {
            field,
            old,
            new,
            effect,
        } = change;
        let note = match effect {
            UpdateBehavior::SomeInterruption => "  (needs a restart)",
            UpdateBehavior::Replacement(_) => "  (needs a replacement)",
            UpdateBehavior::NoInterruption
            | UpdateBehavior::CreateOnly(_)
            | UpdateBehavior::GrowOnly => "",
        };
        let field = &printable(field);
        match (action, self.detail) {
            (Action::Create, _) => write_value(out, field, new),
            // The short form only names a deleted resource; the full form shows its values.
            (Action::Delete, Detail::Compact(_)) => {}
            (Action::Delete, Detail::Full) => write_value(out, field, old),
            (Action::Update | Action::Replace, _) => {
                self.difference(out, field, [old, new], note);
            }
        }
    }

    /// Shows only the differences: of a map the keys that differ, of a list the removed and the added items.
    fn difference(&self, out: &mut String, field: &str, [old, new]: [&Value; 2], note: &str) {
        match (old, new) {
            (old, new) if old == new => {}
            (Value::Map(a), Value::Map(b)) => {
                let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    let side = |map: &BTreeMap<String, Value>| {
                        map.get(key).cloned().unwrap_or(Value::Absent)
                    };
                    let path = format!("{field}.{}", printable(key));
                    self.difference(out, &path, [&side(a), &side(b)], note);
                }
            }
            (Value::List(a), Value::List(b)) => {
                let _ = writeln!(out, "    {field}:{note}");
                for line in self.lines(a, b) {
                    let _ = writeln!(out, "      - {line}");
                }
                for line in self.lines(b, a) {
                    let _ = writeln!(out, "      + {line}");
                }
            }
            (old, new) => {
                let _ = writeln!(out, "    {field}: {old} -> {new}{note}");
            }
        }
    }

    /// The items of a list that another list lacks.
    fn lines(&self, items: &[Value], others: &[Value]) -> Vec<String> {
        let differing = items.iter().filter(|item| !others.contains(item));
        match self.detail {
            Detail::Full => differing.map(Value::to_string).collect(),
            Detail::Compact(lists) => fold(&differing.map(plain).collect::<Vec<_>>(), lists),
        }
    }
}

fn summary<S: Step>(plan: &Plan<S>, denials: usize, covers: Coverage) -> String {
    let environment = printable(&plan.environment);
    match (plan.is_empty(), denials) {
        (true, 0) if covers == Coverage::Part => {
            format!("no changes: the named resources of {environment} match their spec")
        }
        (true, 0) => format!("no changes: {environment} matches its spec"),
        (true, refused) => {
            format!("no changes, but {environment} does not match its spec: {refused} refused")
        }
        (false, _) => {
            let counts = plan.counts();
            format!(
                "{environment}: {} to create, {} to update, {} to replace, {} to delete",
                counts.create, counts.update, counts.replace, counts.delete
            )
        }
    }
}

fn write_value(out: &mut String, field: &str, value: &Value) {
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
                write_value(out, &format!("{field}.{}", printable(key)), item);
            }
        }
        value => {
            let _ = writeln!(out, "    {field}: {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResourceId;
    use expect_test::expect;

    fn plan(action: Action, fields: Vec<FieldChange>) -> Plan<Change> {
        let mut plan = Plan::new("staging");
        plan.push(Change {
            action,
            id: ResourceId::new("security-group", "gitlab"),
            fields,
            reasons: vec![],
        });
        plan
    }

    #[test]
    fn an_update_shows_only_what_leaves_and_what_comes() {
        let rules = FieldChange::new("ingress", Value::set(["a", "b"]), Value::set(["b", "c"]));
        let policy = FieldChange::new(
            "policies",
            Value::map([("logs", Value::from("x")), ("s3", Value::from("same"))]),
            Value::map([("logs", Value::from("y")), ("s3", Value::from("same"))]),
        );
        let plan = plan(Action::Update, vec![rules, policy]);
        expect![[r#"
            ~ update  security-group gitlab
                ingress:
                  - "a"
                  + "c"
                policies.logs: "x" -> "y"

            staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        "#]]
        .assert_eq(&Renderer::plain().plan(&plan));
    }

    #[test]
    fn a_create_shows_what_is_known_and_what_is_not() {
        let plan = plan(
            Action::Create,
            vec![
                FieldChange::new("vpc", Value::Absent, "vpc-1"),
                FieldChange::new("token", Value::Absent, Value::Hidden),
                FieldChange::new("ip", Value::Absent, Value::Later("its allocation".into())),
            ],
        );
        expect![[r#"
            + create  security-group gitlab
                vpc: "vpc-1"
                token: (hidden)
                ip: (known after its allocation)

            staging: 1 to create, 0 to update, 0 to replace, 0 to delete
        "#]]
        .assert_eq(&Renderer::plain().plan(&plan));
    }

    #[test]
    fn control_characters_of_a_provider_are_escaped() {
        let field = FieldChange::new("content", Value::Absent, "a\u{1b}[31m\nb");
        let mut plan = plan(Action::Create, vec![field]);
        let changed = Change {
            action: Action::Update,
            id: ResourceId::new("record", "c"),
            fields: vec![],
            reasons: vec!["the comment is \u{1b}[2J".to_owned()],
        };
        plan.push(changed);
        let compact = Renderer {
            detail: Detail::Compact(&[]),
            ..Renderer::plain()
        };
        for renderer in [Renderer::plain(), compact] {
            let text = renderer.plan(&plan);
            assert!(!text.contains('\u{1b}') && text.contains("\\n"), "{text}");
        }
        let finding = Finding::warning("code", "field", "a\u{1b}[31m\nb", "x");
        assert!(!compact.finding(&finding).contains('\u{1b}'));
    }

    #[test]
    fn without_colour_no_escape_is_written_and_with_it_the_text_is_the_same() {
        let plan = plan(Action::Delete, vec![]);
        let plain = Renderer::plain().plan(&plan);
        assert!(!plain.contains('\u{1b}'));
        let ansi = Renderer {
            paint: Paint::Ansi,
            ..Renderer::plain()
        };
        let mut coloured = ansi.plan(&plan);
        assert_ne!(coloured, plain);
        for code in ["31", "0"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(coloured, plain);
    }
}
