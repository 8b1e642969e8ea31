use std::fmt::Display;

/// A description of a fleet, of its clients or of a run that contradicts the rules. It prints as
/// `the cores of server 3 are 0: at least 1`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {verb} {value}: {rule}", verb = if self.plural { "are" } else { "is" })]
pub struct Invalid {
    what: String,
    plural: bool,
    value: String,
    rule: &'static str,
}

impl Invalid {
    /// `what` is the wrong thing's name.
    pub(crate) fn new(what: impl Into<String>, value: impl Display, rule: &'static str) -> Self {
        Self { what: what.into(), plural: false, value: value.to_string(), rule }
    }

    /// The same where `what` is more than one.
    pub(crate) fn plural(what: impl Into<String>, value: impl Display, rule: &'static str) -> Self {
        Self { plural: true, ..Self::new(what, value, rule) }
    }

    /// The rule that was broken.
    pub fn rule(&self) -> &str {
        self.rule
    }

    /// The value that broke it, as it was given.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Whether `value` is a finite number above 0.
pub(crate) fn positive(what: impl Into<String>, value: f64) -> Result<(), Invalid> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Invalid::new(what, value, "a finite number above 0"))
}
