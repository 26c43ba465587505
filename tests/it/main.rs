#![cfg(test)]
//! The tests that see the service from outside its modules, in one binary because linking takes longer than running.

mod answers;
mod api;
mod architecture;
mod cli;
mod freshness;
mod intake;
mod learning;
mod migrations;
mod openapi;
mod storage;
mod support;
