use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::Guard;

use crate::EndpointSet;

/// A short look at a publisher's current [`EndpointSet`], which it dereferences to.
///
/// Whatever a writer does meanwhile, the look stays. It is neither `Send` nor `Clone`, so that it is not held across an
/// await or kept: a look that is held keeps its whole set alive, removed endpoints included. To keep an endpoint for the
/// time of a request, take a [`Pick`](crate::Pick); to keep a set, make one of one's own, [`EndpointSet::to_set`].
///
/// ```compile_fail
/// fn send<T: Send>() {}
/// send::<lb_core::Endpoints<()>>();
/// ```
pub struct Endpoints<E> {
    set: Guard<Arc<EndpointSet<E>>>,
    stays_on_its_thread: PhantomData<*const ()>,
}

impl<E> Endpoints<E> {
    #[inline]
    pub(crate) fn new(set: Guard<Arc<EndpointSet<E>>>) -> Self {
        Self { set, stays_on_its_thread: PhantomData }
    }
}

impl<E> Deref for Endpoints<E> {
    type Target = EndpointSet<E>;

    #[inline]
    fn deref(&self) -> &EndpointSet<E> {
        &self.set
    }
}

impl<E> fmt::Debug for Endpoints<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
