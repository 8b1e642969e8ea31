use std::sync::Arc;

use crate::recording::recorded;
use crate::{Context, Pick};

/// What a request is sent through, on the caller's thread.
///
/// Object safe, and implemented for `&T`, `Box<T>`, `Arc<T>` and for [`Pick<E>`](Pick). It shares its method's name with
/// [`AsyncEndpoint`](crate::AsyncEndpoint): for a type that is both, name the trait, `Endpoint::call(&e, &ctx, request)`.
///
/// ```
/// use lb_core::{Context, Endpoint};
///
/// struct Doubler;
///
/// impl Endpoint<u32> for Doubler {
///     type Response = u32;
///     type Error = String;
///
///     fn call(&self, ctx: &Context, n: u32) -> Result<u32, String> {
///         if ctx.is_done() { Err("too late".to_owned()) } else { Ok(2 * n) }
///     }
/// }
/// assert_eq!(Doubler.call(&Context::background(), 21), Ok(42));
/// ```
pub trait Endpoint<Req> {
    /// What a call yields.
    type Response;
    /// What a call fails with.
    type Error;

    /// Sends `request` and waits for the response, no longer than `ctx` allows.
    ///
    /// # Errors
    ///
    /// The endpoint's own.
    fn call(&self, ctx: &Context, request: Req) -> Result<Self::Response, Self::Error>;
}

/// An endpoint whose type is erased; made by [`boxed`].
pub type BoxEndpoint<Req, Res, Err> = Box<dyn Endpoint<Req, Response = Res, Error = Err> + Send + Sync>;

/// Erases the type of `endpoint`: for factories that make endpoints of several kinds, and for struct fields.
///
/// ```
/// use lb_core::{BoxEndpoint, Context, Endpoint, boxed, endpoint_fn};
///
/// let double: BoxEndpoint<u32, u32, std::io::Error> = boxed(endpoint_fn(|_, n: u32| Ok(2 * n)));
/// assert_eq!(double.call(&Context::background(), 21).unwrap(), 42);
/// ```
pub fn boxed<Req, T>(endpoint: T) -> BoxEndpoint<Req, T::Response, T::Error>
where
    T: Endpoint<Req> + Send + Sync + 'static,
{
    Box::new(endpoint)
}

/// Makes an endpoint of a closure.
///
/// ```
/// use lb_core::{Context, Endpoint, endpoint_fn};
///
/// let double = endpoint_fn(|_, n: u32| Ok::<_, std::io::Error>(2 * n));
/// assert_eq!(double.call(&Context::background(), 21).unwrap(), 42);
/// ```
///
/// The compiler gives a closure's borrowed request one lifetime, that of all requests. Where each request borrows for
/// itself, give a `fn`, or implement [`Endpoint<&T>`](Endpoint) for a type of your own.
pub fn endpoint_fn<F, Req, Res, Err>(f: F) -> EndpointFn<F>
where
    F: Fn(&Context, Req) -> Result<Res, Err>,
{
    EndpointFn(f)
}

/// A closure as an endpoint; see [`endpoint_fn`].
#[derive(Clone, Copy)]
pub struct EndpointFn<F>(F);

impl<F> std::fmt::Debug for EndpointFn<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointFn").finish_non_exhaustive()
    }
}

impl<F, Req, Res, Err> Endpoint<Req> for EndpointFn<F>
where
    F: Fn(&Context, Req) -> Result<Res, Err>,
{
    type Response = Res;
    type Error = Err;

    fn call(&self, ctx: &Context, request: Req) -> Result<Res, Err> {
        (self.0)(ctx, request)
    }
}

macro_rules! forward_endpoint {
    ($($pointer:ty),*) => {$(
        impl<Req, T: Endpoint<Req> + ?Sized> Endpoint<Req> for $pointer {
            type Response = T::Response;
            type Error = T::Error;

            fn call(&self, ctx: &Context, request: Req) -> Result<Self::Response, Self::Error> {
                (**self).call(ctx, request)
            }
        }
    )*};
}

forward_endpoint!(&T, Box<T>, Arc<T>);

impl<Req, E: Endpoint<Req>> Endpoint<Req> for Pick<E> {
    type Response = E::Response;
    type Error = E::Error;

    fn call(&self, ctx: &Context, request: Req) -> Result<Self::Response, Self::Error> {
        recorded(self, || E::call(self, ctx, request))
    }
}
