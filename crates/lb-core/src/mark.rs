use std::borrow::Cow;
use std::fmt;

/// A filter's word on a member of a set: it is unhealthy. Says which filter, and why.
///
/// Filters mark, they do not remove: whoever chooses among tiers decides whether marks are honoured.
///
/// ```
/// use lb_core::Mark;
///
/// let mark = Mark::new("outlier ejection", format!("{} failures in a row", 5));
/// assert_eq!(mark.to_string(), "outlier ejection: 5 failures in a row");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    by: Cow<'static, str>,
    reason: Cow<'static, str>,
}

impl Mark {
    /// The word of the filter `by`, and its `reason`.
    pub fn new(by: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { by: by.into(), reason: reason.into() }
    }

    /// Which filter says so.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.by, self.reason)
    }
}
