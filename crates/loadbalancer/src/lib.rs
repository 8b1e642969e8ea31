//! Client-side load balancing: a publisher keeps the endpoints current, a load balancer picks one, retry makes them one endpoint.
