//! Names in their canonical form.

use nex_dns::name::{NameError, canonical, canonical_zone, full};
use proptest::prelude::*;

#[test]
fn every_way_of_writing_a_name_has_one_form() {
    let zone = canonical_zone("Example.COM.").expect("a zone");
    assert_eq!(zone, "example.com");
    let cases = [
        ("@", "example.com"),
        ("example.com", "example.com"),
        ("GitLab", "gitlab.example.com"),
        ("gitlab.example.com", "gitlab.example.com"),
        ("gitlab.Example.com.", "gitlab.example.com"),
        ("*", "*.example.com"),
        ("*.dev", "*.dev.example.com"),
        ("a.b", "a.b.example.com"),
        ("_dmarc", "_dmarc.example.com"),
        ("notexample.com", "notexample.com.example.com"),
        ("Bücher", "xn--bcher-kva.example.com"),
        ("例え", "xn--r8jz45g.example.com"),
    ];
    for (name, expected) in cases {
        assert_eq!(canonical(name, &zone).as_deref(), Ok(expected), "{name}");
    }
}

#[test]
fn an_invalid_name_is_refused() {
    for name in ["", ".", "a..b", "-a", "a-", "a b", "a/b", &"x".repeat(64)] {
        let error = canonical(name, "example.com").expect_err(name);
        assert!(matches!(error, NameError::Malformed(_)), "{name}: {error}");
    }
    for name in ["a*", "a.*", "*.*"] {
        let error = canonical(name, "example.com").expect_err(name);
        assert!(matches!(error, NameError::Wildcard(_)), "{name}: {error}");
    }
    let error = canonical("gitlab.example.org.", "example.com").expect_err("another zone");
    assert!(matches!(error, NameError::Outside { .. }), "{error}");
    assert!(canonical_zone("com").is_err() && canonical_zone("*.com").is_err());
}

proptest! {
    #[test]
    fn the_canonical_form_is_its_own(
        name in "(@|\\*|(\\*\\.)?[a-zA-Z0-9_ü例-]{1,12}(\\.[a-zA-Z0-9ß-]{1,8}){0,2}|\\PC{1,12})\\.?",
        zone in "[a-zé]{1,8}\\.[a-z]{2,4}",
    ) {
        let zone = canonical_zone(&zone).expect("a zone");
        if let Ok(once) = canonical(&name, &zone) {
            prop_assert_eq!(canonical(&once, &zone), Ok(once.clone()));
            prop_assert_eq!(canonical(&format!("{once}."), &zone), Ok(once.clone()));
            prop_assert_eq!(canonical(&once.to_uppercase(), &zone), Ok(once.clone()));
            prop_assert_eq!(full(&once), Ok(once.clone()));
            let suffix = format!(".{zone}");
            prop_assert!(once == zone || once.ends_with(&suffix));
            prop_assert!(once.is_ascii() && once.len() <= 253);
        }
    }
}
