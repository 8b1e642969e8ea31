use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::member::Member;
use crate::{EndpointId, Instance};

/// An owned handle on one endpoint; it keeps that endpoint, and no other, alive.
///
/// It dereferences to the endpoint. Hold it for as long as the request lasts: an endpoint that discovery removes
/// meanwhile is dropped when its last pick ends. Cost: one reference count up, one down.
///
/// Calls go through it (it is an [`Endpoint`](crate::Endpoint) when `E` is one).
pub struct Pick<E>(Arc<Member<E>>);

impl<E> Pick<E> {
    #[inline]
    pub(crate) fn new(member: Arc<Member<E>>) -> Self {
        Self(member)
    }

    /// The instance as it stood in the set picked from.
    pub fn instance(&self) -> &Instance {
        self.0.instance()
    }

    /// Names the endpoint as made; for [`Tried`](crate::Tried).
    pub fn id(&self) -> EndpointId {
        self.0.id()
    }

    /// The instance's address.
    pub fn address(&self) -> &str {
        self.instance().address()
    }

    /// The instance's address, to keep after the pick has ended. Cost: one reference count.
    pub fn shared_address(&self) -> Arc<str> {
        self.instance().shared_address()
    }
}

impl<E> Deref for Pick<E> {
    type Target = E;

    #[inline]
    fn deref(&self) -> &E {
        self.0.endpoint()
    }
}

impl<E> fmt::Debug for Pick<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pick").field(self.instance()).finish()
    }
}
