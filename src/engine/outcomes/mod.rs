//! What outcomes of partnerships say about the weights (DESIGN 7).
//!
//! Not the criterion [`learning`](super::criteria::learning), which scores topics. Start with [`model`], all of it at once.
//! [`posterior`] is the Bayesian logistic regression; [`weights`] makes weights with intervals of it, and [`held_out`] asks
//! whether they would have predicted outcomes better than the weights in use, which is the gate of an activation. [`findings`]
//! names what the data cannot tell apart, [`calibration`] whether probabilities come true. Rows are outcomes, columns criteria;
//! nothing here knows whose outcomes they are but [`programme`], which makes rows of a programme's outcomes and a model of them.

pub mod calibration;
pub(super) mod draws;
pub mod findings;
pub mod held_out;
pub mod model;
pub mod posterior;
pub mod programme;
pub mod weights;
