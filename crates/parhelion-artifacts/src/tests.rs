//! Whole requests over a value in a world, without a socket.

mod objects;
mod property;
mod rig;
mod uploads;
