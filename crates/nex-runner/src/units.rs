//! Sizes, CPU counts and durations in the syntax that Docker and systemd read.
//!
//! No crate matches this syntax: byte-size crates read `g` as 10^9, or accept exponents and underscores that Docker
//! refuses; duration crates accept units that Docker or systemd does not know.

/// The bytes of a size, as Docker reads it: `6g`, `512m`, `1.5g`, `1048576`. Units are powers of 1024.
/// Source: `RAMInBytes` of <https://github.com/docker/go-units/blob/master/size.go>.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1u64,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    let bytes = decimal(number.trim_end())? * factor as f64;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Thousandths of a CPU: `1.5` is 1500.
pub(crate) fn millicpus(text: &str) -> Option<u64> {
    let millis = decimal(text)? * 1000.0;
    (millis < 1e12).then_some(millis.round() as u64)
}

/// The seconds of a duration that Docker (`until=`) and systemd read the same way: hours, minutes and seconds, in this
/// order.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0u64;
    for (unit, factor) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            total = total.checked_add(digits(number)?.checked_mul(factor)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

/// A decimal number without a sign or an exponent, and with digits on both sides of a point.
fn decimal(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole)?;
    digits(part)?;
    text.parse().ok()
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_read_as_docker_and_systemd_read_them() {
        assert_eq!(bytes("6g"), Some(6_442_450_944));
        assert_eq!(bytes("1.5 G"), Some(1_610_612_736));
        assert_eq!(bytes("512m"), Some(536_870_912));
        assert_eq!(
            [bytes("6t"), bytes("-1g"), bytes("g"), bytes("1e3")],
            [None; 4]
        );
        assert_eq!(millicpus("1.5"), Some(1500));
        assert_eq!([millicpus("one"), millicpus(".5")], [None; 2]);
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("45s"), Some(45));
        assert_eq!(
            [seconds("4"), seconds(""), seconds("1m2h"), seconds("1d")],
            [None; 4]
        );
    }
}
