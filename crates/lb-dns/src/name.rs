//! The names that may be asked for, and those that may be connected to.

/// RFC 1035, section 2.3.4: 255 octets on the wire, which are 253 characters without the final dot.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Checks a domain name in its text form, with or without the final dot; otherwise tells the rule it breaks.
///
/// Labels may hold any octet (RFC 2181, section 11), but in the names of services and hosts anything else is a mistake.
pub fn check(name: &str) -> Result<(), &'static str> {
    let labels = name.strip_suffix('.').unwrap_or(name);
    if labels.is_empty() {
        return Err("it must not be empty");
    }
    if labels.len() > LONGEST_NAME {
        return Err("it must be no longer than 253 characters, without the final dot");
    }
    labels.split('.').try_for_each(check_label)
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("it must have no empty label: no leading dot, and no two in a row");
    }
    if label.len() > LONGEST_LABEL {
        return Err("each of its labels must be no longer than 63 characters");
    }
    if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(
            "it must consist of ASCII letters, digits, '-', '_' and dots (international names as xn--…)",
        );
    }
    if label.starts_with('-') {
        return Err("none of its labels must begin with '-' (RFC 1123, section 2.1)");
    }
    Ok(())
}

/// Whether a name is asked for as it is: it ends in a dot.
#[cfg(feature = "lookup")]
pub(crate) fn is_absolute(name: &str) -> bool {
    name.ends_with('.')
}

/// The one spelling of a name: lower case, without the final dot.
pub fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(name: &str) -> &'static str {
        check(name).expect_err("the name is bad")
    }

    #[test]
    fn names_of_services_pass() {
        for name in [
            "_http._tcp.example.com",
            "_http._tcp.example.com.",
            "WEB.service.Consul",
            "localhost",
            "a",
            "a-",
            "xn--a",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn each_bad_name_is_told_its_rule() {
        assert!(rule("").contains("not be empty"));
        assert!(rule(".").contains("not be empty"));
        for name in ["a..b", ".a", "a..", ".."] {
            assert!(rule(name).contains("empty label"), "{name}");
        }
        for name in ["a b", "a\0", "ü.example", "a/b", "*.example", "a\\.b", "[::1]", "a\n"] {
            assert!(rule(name).contains("ASCII letters"), "{name}");
        }
        for name in ["-", "-a.example", "a.-b.", "a.-"] {
            assert!(rule(name).contains("begin with '-'"), "{name}");
        }
    }

    #[test]
    fn lengths_are_bounded_on_both_sides_of_the_limit() {
        let label = "a".repeat(63);
        assert_eq!(check(&format!("{label}.b")), Ok(()));
        assert!(rule(&format!("{label}a.b")).contains("63"));
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), LONGEST_NAME);
        assert_eq!(check(&longest), Ok(()));
        assert_eq!(check(&format!("{longest}.")), Ok(()));
        assert!(rule(&format!("{longest}a")).contains("253"));
    }

    #[test]
    fn spellings_of_one_name_are_one() {
        assert_eq!(canonical("A.Example."), "a.example");
        assert_eq!(canonical("a.example"), "a.example");
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(name in any::<String>()) {
            if check(&name).is_ok() {
                let canonical = canonical(&name);
                prop_assert_eq!(check(&canonical), Ok(()));
                prop_assert!(canonical.len() <= LONGEST_NAME && !canonical.ends_with('.'));
            }
        }
    }
}
