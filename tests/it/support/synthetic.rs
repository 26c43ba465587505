//! Made-up organisations with the margins of the real ones, for measuring only: none of them exists.
//!
//! Each synthetic organisation takes each kind of fact (systems, care settings, attributes, place, boards) from a real
//! trust drawn for that fact alone, so that every margin is that of the bundled data and missing stays as frequent as it
//! is; the place is jittered by some kilometres. Links and networks are drawn at the real rate. The same seed gives the same
//! organisations.
//!
//! What the bundled data lacks and sites will bring is added: the version of half of the systems that name a product, so that
//! there are tens of thousands of distinct sets of systems, and weights that one site in ten saved for itself.

use alongside::domain::ids::{OdsCode, Revision, Slug};
use alongside::domain::link::{Link, Network, NetworkKind};
use alongside::domain::organisation::{Organisation, Position, Status};
use alongside::domain::programme::{Criterion, Weights};
use alongside::domain::register::Register;

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): small, seeded and the same everywhere.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; the bias is below 2^-40 for the sizes here.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 24).unwrap() % n
    }

    /// Evenly in -1..1.
    fn signed_unit(&mut self) -> f64 {
        let thousandths = u16::try_from(self.next() % 20_001).unwrap();
        f64::from(thousandths) / 10_000.0 - 1.0
    }
}

/// Degrees by which a place is moved: some kilometres.
const JITTER_DEGREES: f64 = 0.1;

/// How many versions of a product there are: four a year for eight years, each with its patches.
const N_VERSIONS: usize = 800;

/// One site in so many saves weights of its own.
const SAVES_ONE_IN: usize = 10;

/// The most that a slider of weights gives.
const MAX_SLIDER: usize = 5;

/// Makes `n` active organisations from the active ones of a real register.
pub(crate) fn register(real: &Register, n: usize, seed: u64) -> Register {
    let mut random = SplitMix64(seed);
    let active: Vec<&Organisation> = real
        .organisations
        .iter()
        .filter(|o| o.status.is_active())
        .collect();
    let code = |i: usize| OdsCode::new(&format!("Z{i:06}")).unwrap();
    let mut synthetic = Register {
        revision: Revision(1),
        organisations: Vec::with_capacity(n),
        successions: Vec::new(),
        core_systems: Vec::new(),
        attributes: Vec::new(),
        links: Vec::new(),
        networks: Vec::new(),
        topics: Vec::new(),
        topic_interests: Vec::new(),
        hides_expertise: Vec::new(),
        saved_weights: Vec::new(),
        capacities: Vec::new(),
        taught: Vec::new(),
        programmes: Vec::new(),
        programme: real.programme.clone(),
    };
    for i in 0..n {
        let mut draw = || active[random.below(active.len())];
        let (named, set, placed, runs, is_like) = (draw(), draw(), draw(), draw(), draw());
        let moved = |degrees: f64, by: f64| degrees + by * JITTER_DEGREES;
        let (north, east) = (random.signed_unit(), random.signed_unit());
        synthetic.organisations.push(Organisation {
            ods_code: code(i),
            name: named.name.clone(),
            status: Status::Active,
            opened: named.opened,
            care_settings: set.care_settings,
            care_settings_provenance: set.care_settings_provenance.clone(),
            position: placed.position.and_then(|p| {
                Position::new(moved(p.latitude(), north), moved(p.longitude(), east))
            }),
            position_provenance: placed.position_provenance.clone(),
            icb: placed.icb.clone(),
            region: placed.region.clone(),
            links_complete_on: None,
            provenance: named.provenance.clone(),
        });
        for system in real
            .core_systems
            .iter()
            .filter(|s| s.ods_code == runs.ods_code)
        {
            let mut system = system.clone();
            system.ods_code = code(i);
            if system.product.is_some() && system.version.is_none() && random.below(2) == 0 {
                let number = random.below(N_VERSIONS);
                system.version = Some(format!(
                    "{}.{}.{}",
                    2019 + number / 100,
                    1 + number / 25 % 4,
                    number % 25
                ));
            }
            synthetic.core_systems.push(system);
        }
        for attribute in real
            .attributes
            .iter()
            .filter(|a| a.ods_code == is_like.ods_code)
        {
            let mut attribute = attribute.clone();
            attribute.ods_code = code(i);
            synthetic.attributes.push(attribute);
        }
        if random.below(SAVES_ONE_IN) == 0 {
            // Nobody who sets the five sliders turns one off; learning is on or off.
            let mut sliders = [0; Criterion::COUNT].map(|_| 1 + random.below(MAX_SLIDER));
            sliders[Criterion::Learning.index()] *= random.below(2);
            let weights = Weights::new(sliders.map(|s| f64::from(u8::try_from(s).unwrap()))).ok();
            synthetic
                .saved_weights
                .extend(weights.map(|w| (code(i), w)));
        }
    }
    let n_links = real.links.len() * n / active.len();
    for i in 0..n_links {
        let link = &real.links[i % real.links.len()];
        let ends = (code(random.below(n)), code(random.below(n)));
        let made = Link::published(
            ends,
            link.kind(),
            link.started(),
            link.ended(),
            link.provenance.clone(),
        );
        synthetic.links.extend(made.ok());
    }
    let n_networks = real.networks.len() * n / active.len();
    for i in 0..n_networks {
        let network = &real.networks[i % real.networks.len()];
        let mut members: Vec<OdsCode> = network
            .members
            .iter()
            .map(|_| code(random.below(n)))
            .collect();
        members.sort_unstable();
        members.dedup();
        synthetic.networks.push(Network {
            slug: Slug::new(&format!("n{i}")).unwrap(),
            kind: NetworkKind::LearningNetwork,
            name: network.name.clone(),
            ended: network.ended,
            members,
            departed: Vec::new(),
            provenance: network.provenance.clone(),
        });
    }
    synthetic.sort();
    synthetic
}
