/// What every strategy that stands on a [`Derived`](lb_core::Derived) passes on to its publisher.
macro_rules! forward_to_derived {
    ($derived:ident) => {
        fn subscribe(&self, observer: std::sync::Weak<dyn lb_core::Observer>) -> bool {
            self.$derived.subscribe(observer)
        }

        fn name(&self) -> Option<&str> {
            self.$derived.publisher().name()
        }

        fn renew(&self, id: lb_core::EndpointId) -> bool {
            self.$derived.publisher().renew(id)
        }
    };
}
pub(crate) use forward_to_derived;

/// Shows a strategy by its publisher, which is in its field `$derived`, and by other fields; the tables are long.
macro_rules! debug_with_publisher {
    ($strategy:ident, $derived:ident $(, $field:ident)*) => {
        impl<P: Publisher + std::fmt::Debug> std::fmt::Debug for $strategy<P> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($strategy))
                    .field("publisher", self.$derived.publisher())
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use debug_with_publisher;
