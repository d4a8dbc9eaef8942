"""The gRPC face of a hub: protobuf to core types and back, the services, and errors as statuses."""
