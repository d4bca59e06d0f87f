//! Fault rules: which calls they match, and what they do to a call.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use wildmatch::WildMatchPattern;

use crate::call::Call;

/// A pattern in which `*` matches any number of characters; no other character is special.
type Glob = WildMatchPattern<'*', '\0'>;

/// What the client receives instead of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// The status 500 with the service's internal error.
    Error,
    /// The connection closes without an answer.
    Drop,
    /// An HTML page with this status, as a proxy in front of the API sends it. Cloudflare only: AWS
    /// calls fail as with [`Loss::Error`].
    Html(u16),
    /// The status 500 with this error code. Cloudflare only: AWS calls fail as with
    /// [`Loss::Error`].
    Code(u32),
}

/// What a rule does to a call. The name in the journal is the variant's name in snake case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Delays the call. Other rules still apply.
    Delay {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// Fails the call before it reaches the server.
    FailBefore {
        /// What the client receives.
        how: Loss,
    },
    /// The server executes the call, but the client does not receive the answer.
    FailAfter {
        /// What the client receives.
        how: Loss,
    },
    /// Refuses the call with the service's throttling error.
    Throttle,
    /// Refuses the call with this error, in the form of the service's protocol. The answer to a
    /// HEAD request has no body, so the client learns only the status.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The error code, such as `InvalidParameterValue`. Cloudflare's codes are numbers; other
        /// text becomes 0 there.
        code: String,
        /// The message.
        message: String,
    },
}

/// A fault and the calls that it applies to. A field that is `None` matches every call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The service: its name in the request signature (`ec2`, `s3`, `dlm`), or `cloudflare`. `*`
    /// matches any number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation (`RunInstances`, `Describe*`). `*` matches any number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Operations that the rule never applies to (`PutObject`). `*` matches any number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except: Option<String>,
    /// Whether the call must be mutating (`true`) or read-only (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutating: Option<bool>,
    /// The number of the first matching call to apply to, counted from 1 since the rule was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// The maximum number of calls to apply to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What the rule does.
    pub fault: Fault,
}

impl Rule {
    /// A rule that applies to every call.
    pub fn new(fault: Fault) -> Self {
        Self {
            service: None,
            operation: None,
            except: None,
            mutating: None,
            nth: None,
            times: None,
            fault,
        }
    }

    /// Restricts the rule to a service (a glob).
    #[must_use]
    pub fn service(mut self, glob: &str) -> Self {
        self.service = Some(glob.to_owned());
        self
    }

    /// Restricts the rule to an operation (a glob).
    #[must_use]
    pub fn operation(mut self, glob: &str) -> Self {
        self.operation = Some(glob.to_owned());
        self
    }

    /// Keeps the rule from an operation (a glob).
    #[must_use]
    pub fn except(mut self, glob: &str) -> Self {
        self.except = Some(glob.to_owned());
        self
    }

    /// Restricts the rule to mutating calls.
    #[must_use]
    pub fn mutating(mut self) -> Self {
        self.mutating = Some(true);
        self
    }

    /// Applies the rule from the n-th matching call on, or with `times(1)` to that call only.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Limits how many calls the rule applies to.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn matches(&self, call: &Call) -> bool {
        let fits = |glob: &Option<String>, text: &str| {
            glob.as_deref()
                .is_none_or(|glob| Glob::new(glob).matches(text))
        };
        let is_excepted = |glob: &String| Glob::new(glob).matches(&call.operation);
        fits(&self.service, &call.service)
            && fits(&self.operation, &call.operation)
            && !self.except.as_ref().is_some_and(is_excepted)
            && self
                .mutating
                .is_none_or(|mutating| mutating == call.mutating)
    }
}

/// A rule and how often it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveRule {
    /// The number of the rule, from 1.
    pub id: u64,
    /// How many calls the rule has matched.
    pub matched: u64,
    /// How many calls the rule has applied to.
    pub fired: u64,
    /// The rule.
    pub rule: Rule,
}

/// What all rules together do to a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    /// The fault of the first rule whose fault is not a delay.
    pub(crate) fault: Option<Fault>,
}

/// The active rules in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<ActiveRule>,
    last_id: u64,
}

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) -> u64 {
        self.last_id += 1;
        self.rules.push(ActiveRule {
            id: self.last_id,
            matched: 0,
            fired: 0,
            rule,
        });
        self.last_id
    }

    pub(crate) fn list(&self) -> &[ActiveRule] {
        &self.rules
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Removes a rule. Returns false if it does not exist.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|active| active.id != id);
        self.rules.len() < before
    }

    /// Applies the rules to a call and counts the call for each rule.
    pub(crate) fn judge(&mut self, call: &Call) -> Verdict {
        let mut verdict = Verdict::default();
        for active in self
            .rules
            .iter_mut()
            .filter(|active| active.rule.matches(call))
        {
            active.matched += 1;
            let rule = &active.rule;
            let due = rule.nth.is_none_or(|nth| active.matched >= nth)
                && rule.times.is_none_or(|times| active.fired < times);
            match &rule.fault {
                Fault::Delay { ms } if due => verdict.delay += Duration::from_millis(*ms),
                fault if due && verdict.fault.is_none() => verdict.fault = Some(fault.clone()),
                _ => continue,
            }
            active.fired += 1;
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &str, mutating: bool) -> Call {
        Call {
            service: "ec2".into(),
            operation: operation.into(),
            mutating,
        }
    }

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("RunInstances", "RunInstances", true),
            ("Run", "RunInstances", false),
            ("Run*", "RunInstances", true),
            ("*Instances", "RunInstances", true),
            ("*Inst*", "RunInstances", true),
            ("*", "", true),
            ("D*s*e", "DescribeInstances", false),
            ("Run?nstances", "RunInstances", false),
        ] {
            let rule = Rule::new(Fault::Throttle).operation(glob);
            assert_eq!(
                rule.matches(&call(text, true)),
                expected,
                "{glob} on {text}"
            );
        }
    }

    #[test]
    fn nth_and_times_select_one_call() {
        let mut rules = Rules::default();
        rules.add(Rule::new(Fault::Throttle).mutating().nth(2).times(1));
        let fired: Vec<bool> = [
            call("DescribeVpcs", false),
            call("CreateVpc", true),
            call("CreateVpc", true),
            call("CreateVpc", true),
        ]
        .iter()
        .map(|call| rules.judge(call).fault.is_some())
        .collect();
        assert_eq!(fired, [false, false, true, false]);
        assert_eq!((rules.list()[0].matched, rules.list()[0].fired), (3, 1));
    }

    #[test]
    fn delays_add_up_and_the_first_other_fault_applies() {
        let mut rules = Rules::default();
        rules.add(Rule::new(Fault::Delay { ms: 5 }));
        rules.add(Rule::new(Fault::Throttle));
        rules.add(Rule::new(Fault::FailBefore { how: Loss::Drop }));
        rules.add(Rule::new(Fault::Delay { ms: 7 }));
        let verdict = rules.judge(&call("CreateVpc", true));
        assert_eq!(verdict.delay, Duration::from_millis(12));
        assert_eq!(verdict.fault, Some(Fault::Throttle));
    }
}
