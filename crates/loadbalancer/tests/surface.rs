//! What a crate makes public, the facade has too: nobody who depends on it has to look for the crate behind.

use std::collections::BTreeSet;

/// The source of each crate's list.
const CRATES: [(&str, &str); 9] = [
    ("lb-core", include_str!("../../lb-core/src/lib.rs")),
    ("lb-discovery", include_str!("../../lb-discovery/src/lib.rs")),
    ("lb-dns", include_str!("../../lb-dns/src/lib.rs")),
    ("lb-dnssrv", include_str!("../../lb-dnssrv/src/lib.rs")),
    ("lb-filters", include_str!("../../lb-filters/src/lib.rs")),
    ("lb-retry", include_str!("../../lb-retry/src/lib.rs")),
    ("lb-static", include_str!("../../lb-static/src/lib.rs")),
    ("lb-strategies", include_str!("../../lb-strategies/src/lib.rs")),
    ("lb-tower", include_str!("../../lb-tower/src/lib.rs")),
];

/// The names that a source re-exports. What is hidden does not count, nor do the indented lines of a `pub mod`.
fn exported(source: &str) -> BTreeSet<&str> {
    let after_use = source.split("\npub use ").zip(source.split("\npub use ").skip(1));
    let shown = after_use.filter(|(before, _)| !before.ends_with("#[doc(hidden)]"));
    let statements = shown.filter_map(|(_, rest)| rest.split(';').next());
    let words = statements.flat_map(|statement| statement.split([',', '{', '}', '\n']));
    let names = words.filter_map(|path| path.rsplit("::").next()).map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn the_facade_has_all_that_its_crates_have() {
    let facade = exported(include_str!("../src/lib.rs"));
    for (name, source) in CRATES {
        let public = exported(source);
        assert!(!public.is_empty(), "{name} has no list that this test can read");
        let missing: Vec<_> = public.difference(&facade).collect();
        assert!(missing.is_empty(), "the facade lacks {missing:?} of {name}");
    }
}

#[test]
fn lists_are_read_as_they_are_written() {
    let source = "pub use a::{B, c};\n\nmod x;\npub use self::{\n    y::Y,\n    z::{Z1, Z2},\n};\npub mod p {\n    pub use q::Q;\n}\n#[doc(hidden)]\npub use r::R;\n";
    let source = format!("//! Docs.\n{source}");
    assert_eq!(exported(&source).into_iter().collect::<Vec<_>>(), ["B", "Y", "Z1", "Z2", "c"]);
}
