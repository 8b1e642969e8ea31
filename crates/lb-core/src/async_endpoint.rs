use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::recording::recorded_async;
use crate::{Context, Pick};

/// What a request is sent through, as a future.
///
/// Implemented for `&T`, `Box<T>`, `Arc<T>` and for [`Pick<E>`](Pick); erased by [`BoxAsyncEndpoint`]. It needs no
/// runtime. Dropping the future cancels the call.
///
/// ```
/// use lb_core::{AsyncEndpoint, Context};
///
/// struct Doubler;
///
/// impl AsyncEndpoint<u32> for Doubler {
///     type Response = u32;
///     type Error = String;
///
///     async fn call(&self, ctx: &Context, n: u32) -> Result<u32, String> {
///         if ctx.is_done() { Err("too late".to_owned()) } else { Ok(2 * n) }
///     }
/// }
/// ```
pub trait AsyncEndpoint<Req> {
    /// What a call yields.
    type Response;
    /// What a call fails with.
    type Error;

    /// Sends `request`; the future is ready with the response.
    fn call(
        &self,
        ctx: &Context,
        request: Req,
    ) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send;
}

/// Makes an endpoint of a closure that takes the context by value and returns a future.
///
/// ```
/// use lb_core::{AsyncEndpoint, Context, async_endpoint_fn};
///
/// let double = async_endpoint_fn(|_: Context, n: u32| async move { Ok::<_, std::io::Error>(2 * n) });
/// # let ctx = Context::background();
/// let response = double.call(&ctx, 21); // a future
/// ```
pub fn async_endpoint_fn<F, Fut, Req>(f: F) -> AsyncEndpointFn<F>
where
    F: Fn(Context, Req) -> Fut,
    Fut: Future,
{
    AsyncEndpointFn(f)
}

/// A closure as an asynchronous endpoint; see [`async_endpoint_fn`].
#[derive(Clone, Copy)]
pub struct AsyncEndpointFn<F>(F);

impl<F> std::fmt::Debug for AsyncEndpointFn<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncEndpointFn").finish_non_exhaustive()
    }
}

impl<F, Fut, Req, Res, Err> AsyncEndpoint<Req> for AsyncEndpointFn<F>
where
    F: Fn(Context, Req) -> Fut,
    Fut: Future<Output = Result<Res, Err>> + Send,
{
    type Response = Res;
    type Error = Err;

    fn call(&self, ctx: &Context, request: Req) -> impl Future<Output = Result<Res, Err>> + Send {
        (self.0)(ctx.clone(), request)
    }
}

macro_rules! forward_async_endpoint {
    ($($pointer:ty),*) => {$(
        impl<Req, T: AsyncEndpoint<Req> + ?Sized> AsyncEndpoint<Req> for $pointer {
            type Response = T::Response;
            type Error = T::Error;

            fn call(
                &self,
                ctx: &Context,
                request: Req,
            ) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send {
                (**self).call(ctx, request)
            }
        }
    )*};
}

forward_async_endpoint!(&T, Box<T>, Arc<T>);

impl<Req, E: AsyncEndpoint<Req> + Send + Sync> AsyncEndpoint<Req> for Pick<E> {
    type Response = E::Response;
    type Error = E::Error;

    fn call(
        &self,
        ctx: &Context,
        request: Req,
    ) -> impl Future<Output = Result<Self::Response, Self::Error>> + Send {
        recorded_async(self, || E::call(self, ctx, request))
    }
}

/// An asynchronous endpoint whose type is erased. Cost: one allocation for each call, for the future.
///
/// ```
/// use lb_core::{BoxAsyncEndpoint, Context, async_endpoint_fn};
///
/// let double: BoxAsyncEndpoint<u32, u32, String> =
///     BoxAsyncEndpoint::new(async_endpoint_fn(|_: Context, n: u32| async move { Ok(2 * n) }));
/// ```
pub struct BoxAsyncEndpoint<Req, Res, Err>(Box<dyn Erased<Req, Res, Err>>);

impl<Req, Res, Err> BoxAsyncEndpoint<Req, Res, Err> {
    /// Erases the type of `endpoint`.
    pub fn new<T>(endpoint: T) -> Self
    where
        T: AsyncEndpoint<Req, Response = Res, Error = Err> + Send + Sync + 'static,
    {
        Self(Box::new(endpoint))
    }
}

impl<Req, Res, Err> std::fmt::Debug for BoxAsyncEndpoint<Req, Res, Err> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoxAsyncEndpoint").finish_non_exhaustive()
    }
}

impl<Req: Send, Res, Err> AsyncEndpoint<Req> for BoxAsyncEndpoint<Req, Res, Err> {
    type Response = Res;
    type Error = Err;

    async fn call(&self, ctx: &Context, request: Req) -> Result<Res, Err> {
        self.0.call_boxed(ctx, request).await
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

trait Erased<Req, Res, Err>: Send + Sync {
    fn call_boxed<'a>(&'a self, ctx: &'a Context, request: Req) -> BoxFuture<'a, Result<Res, Err>>
    where
        Req: 'a;
}

impl<T, Req, Res, Err> Erased<Req, Res, Err> for T
where
    T: AsyncEndpoint<Req, Response = Res, Error = Err> + Send + Sync,
{
    fn call_boxed<'a>(&'a self, ctx: &'a Context, request: Req) -> BoxFuture<'a, Result<Res, Err>>
    where
        Req: 'a,
    {
        Box::pin(self.call(ctx, request))
    }
}
