#![cfg(test)]
//! The tests that see the service from outside its modules, in one binary because linking takes longer than running.

mod architecture;
mod migrations;
mod storage;
mod support;
