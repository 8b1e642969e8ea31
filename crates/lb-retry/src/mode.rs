/// How a [`Retry`](crate::Retry) makes its attempts when it is called as a blocking endpoint: [`Enforced`](crate::Enforced)
/// or [`Inline`](crate::Inline). Sealed: there are these two.
pub trait Mode: sealed::Sealed + Send + Sync {}

pub(crate) mod sealed {
    pub trait Sealed {}
}
