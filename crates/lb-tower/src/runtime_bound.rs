use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};

use lb_core::AsyncEndpoint;
use tokio::runtime::Handle;
use tower::Service;

/// An endpoint that is dropped inside a tokio runtime; see [`on_runtime`](crate::on_runtime).
///
/// It is what the endpoint is: a service, an [`AsyncEndpoint`], or whatever it dereferences to. Its clones are for calls, and
/// cost what a clone of the endpoint costs: they do not enter the runtime.
#[derive(Debug)]
pub struct RuntimeBound<E> {
    /// `Some` until it is dropped.
    endpoint: Option<E>,
    /// `None` in a clone.
    handle: Option<Handle>,
}

impl<E> RuntimeBound<E> {
    pub(crate) fn new(endpoint: E, handle: Handle) -> Self {
        Self { endpoint: Some(endpoint), handle: Some(handle) }
    }
}

impl<E> Deref for RuntimeBound<E> {
    type Target = E;

    #[inline]
    fn deref(&self) -> &E {
        match &self.endpoint {
            Some(endpoint) => endpoint,
            None => unreachable!("the endpoint is taken by Drop alone"),
        }
    }
}

impl<E> DerefMut for RuntimeBound<E> {
    #[inline]
    fn deref_mut(&mut self) -> &mut E {
        match &mut self.endpoint {
            Some(endpoint) => endpoint,
            None => unreachable!("the endpoint is taken by Drop alone"),
        }
    }
}

impl<E: Clone> Clone for RuntimeBound<E> {
    #[inline]
    fn clone(&self) -> Self {
        Self { endpoint: self.endpoint.clone(), handle: None }
    }
}

impl<E> Drop for RuntimeBound<E> {
    #[inline]
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            let _entered = handle.enter();
            self.endpoint = None;
        }
    }
}

impl<E: Service<Req>, Req> Service<Req> for RuntimeBound<E> {
    type Response = E::Response;
    type Error = E::Error;
    type Future = E::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        (**self).poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> E::Future {
        (**self).call(request)
    }
}

impl<E: AsyncEndpoint<Req>, Req> AsyncEndpoint<Req> for RuntimeBound<E> {
    type Response = E::Response;
    type Error = E::Error;

    fn call(
        &self,
        ctx: &lb_core::Context,
        request: Req,
    ) -> impl Future<Output = Result<E::Response, E::Error>> + Send {
        (**self).call(ctx, request)
    }
}
