//! The CPUs and memory of an instance type, derived from its name.

/// CPUs and memory of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSize {
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
}

/// Whether a type earns and spends CPU credits: the T families do. (`trn1` is not a T family.)
pub(crate) fn is_burstable(instance_type: &str) -> bool {
    let generation = instance_type
        .strip_prefix('t')
        .and_then(|t| t.chars().next());
    generation.is_some_and(|c| c.is_ascii_digit())
}

impl HostSize {
    /// The size of `instance_type` in the T, M, C and R families; `None` for types that the rule does not cover.
    ///
    /// The rule, from AWS's instance type pages: `large` has 2 vCPUs and each size above doubles them; M has 4 GiB a
    /// vCPU, C has 2, R has 8; T2, T3, T3a and T4g have memory by size, 8 GiB at `large`.
    pub fn of(instance_type: &str) -> Option<Self> {
        let (family, size) = instance_type.split_once('.')?;
        let vcpus = match size {
            "nano" | "micro" | "small" | "medium" | "large" => 2,
            "xlarge" => 4,
            _ => 4 * size.strip_suffix("xlarge")?.parse::<u32>().ok()?,
        };
        let gib = match (family.chars().next()?, size) {
            ('t', "nano" | "micro") => return None,
            ('t', "small") => 2,
            ('t', "medium") => 4,
            (_, "nano" | "micro" | "small" | "medium") => return None,
            ('t' | 'm', _) => 4 * vcpus,
            ('c', _) => 2 * vcpus,
            ('r', _) => 8 * vcpus,
            _ => return None,
        };
        Some(Self {
            vcpus,
            memory_mib: gib * 1024,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_t_families_burst() {
        let types = ["t3a.large", "t4g.micro", "trn1.2xlarge", "m5.large"];
        assert_eq!(types.map(is_burstable), [true, true, false, false]);
    }

    #[test]
    fn sizes_are_those_of_the_instance_type_pages() {
        let of = |t| HostSize::of(t).map(|s| (s.vcpus, s.memory_mib / 1024));
        assert_eq!(of("t3a.large"), Some((2, 8)));
        assert_eq!(of("t3a.xlarge"), Some((4, 16)));
        assert_eq!(of("t3a.medium"), Some((2, 4)));
        assert_eq!(of("m6i.2xlarge"), Some((8, 32)));
        assert_eq!(of("c7a.16xlarge"), Some((64, 128)));
        assert_eq!(of("r6g.large"), Some((2, 16)));
        assert_eq!(of("u-6tb1.metal"), None);
    }
}
