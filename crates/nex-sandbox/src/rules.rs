//! Fault rules: which calls they are for, and what they do to them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::Call;

/// How an answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// A 500 with the service's own internal error.
    Error,
    /// The connection ends without an answer.
    Drop,
    /// A page of HTML with this status, from something in front of the API. Cloudflare only: AWS
    /// gives its internal error.
    Html(u16),
    /// A 500 with this code in the API's own form. Cloudflare only: AWS gives its internal error.
    Code(u32),
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It waits before it goes on; other rules still apply.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The server never sees it.
    FailBefore {
        /// What the client sees.
        how: Loss,
    },
    /// The server acts, and its answer is lost.
    FailAfter {
        /// What the client sees.
        how: Loss,
    },
    /// It is refused with the service's throttling error.
    Throttle,
}

/// A fault and the calls it is for. What is left out matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The service as in the signature (`ec2`, `s3`, `dlm`), or `cloudflare`; `*` for any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation (`RunInstances`, `Describe*`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only calls that change something (or only those that do not).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutating: Option<bool>,
    /// Only from the n-th matching call on, counted from 1 since the rule was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How often it fires at most; without it, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What it does.
    pub fault: Fault,
}

impl Rule {
    /// A rule for every call, without end.
    pub fn new(fault: Fault) -> Self {
        Self {
            service: None,
            operation: None,
            mutating: None,
            nth: None,
            times: None,
            fault,
        }
    }

    /// Only for this service (a glob).
    #[must_use]
    pub fn service(mut self, glob: &str) -> Self {
        self.service = Some(glob.to_owned());
        self
    }

    /// Only for this operation (a glob).
    #[must_use]
    pub fn operation(mut self, glob: &str) -> Self {
        self.operation = Some(glob.to_owned());
        self
    }

    /// Only for calls that change something.
    #[must_use]
    pub fn mutating(mut self) -> Self {
        self.mutating = Some(true);
        self
    }

    /// Only from the n-th matching call on; with `times(1)`, exactly that call.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// At most this often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn is_for(&self, call: &Call) -> bool {
        self.service
            .as_deref()
            .is_none_or(|glob| matches(glob, &call.service))
            && self
                .operation
                .as_deref()
                .is_none_or(|glob| matches(glob, &call.operation))
            && self
                .mutating
                .is_none_or(|mutating| mutating == call.mutating)
    }
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveRule {
    /// Its number, from 1.
    pub id: u64,
    /// How many calls it was for.
    pub matched: u64,
    /// How many it did something to.
    pub fired: u64,
    /// The rule itself.
    pub rule: Rule,
}

/// What the rules do to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    /// At most one fault that is not a delay: the first rule's.
    pub(crate) fault: Option<Fault>,
}

/// The rules in force, in the order in which they were added.
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

    /// Whether there was such a rule.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|active| active.id != id);
        self.rules.len() < before
    }

    /// Counts the call and says what is to happen to it.
    pub(crate) fn judge(&mut self, call: &Call) -> Verdict {
        let mut verdict = Verdict::default();
        for active in self
            .rules
            .iter_mut()
            .filter(|active| active.rule.is_for(call))
        {
            active.matched += 1;
            let rule = &active.rule;
            let due = rule.nth.is_none_or(|nth| active.matched >= nth)
                && rule.times.is_none_or(|times| active.fired < times);
            match rule.fault {
                Fault::Delay { ms } if due => verdict.delay += Duration::from_millis(ms),
                fault if due && verdict.fault.is_none() => verdict.fault = Some(fault),
                _ => continue,
            }
            active.fired += 1;
        }
        verdict
    }
}

/// Whether `text` fits `glob`, in which `*` stands for any run of characters.
fn matches(glob: &str, text: &str) -> bool {
    let Some((head, rest)) = glob.split_once('*') else {
        return glob == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    (0..=text.len())
        .filter(|&at| text.is_char_boundary(at))
        .any(|at| matches(rest, &text[at..]))
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
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} on {text}");
        }
    }

    #[test]
    fn nth_and_times_pick_one_call() {
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
    fn delays_add_up_and_the_first_fault_wins() {
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
