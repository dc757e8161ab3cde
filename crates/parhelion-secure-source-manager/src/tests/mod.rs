//! The surface as a whole, without a socket.
