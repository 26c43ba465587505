//! The command line as somebody types it: the real program, in an empty directory, with an empty environment.

mod commands;
mod import;
mod program;
mod running;
mod settings;
