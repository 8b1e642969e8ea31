//! Retry makes a load balancer behave like one endpoint.
