//! The command line as somebody types it: the real program, in an empty directory, with an empty environment.

mod access;
mod audit;
mod commands;
mod import;
mod killed;
mod program;
mod running;
mod secrets;
mod settings;
mod workings;
