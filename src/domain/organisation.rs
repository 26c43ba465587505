//! A body with an ODS code, and where it is.

use chrono::NaiveDate;
use geo::{Distance, HaversineMeasure};

use crate::domain::dates::PartialDate;
use crate::domain::ids::{BoardCode, OdsCode};
use crate::domain::named_enum;
use crate::domain::provenance::Provenance;

named_enum!(
    /// What kind of care an organisation gives.
    CareSetting, "a care setting" {
        /// General hospitals.
        Acute = "acute",
        /// Hospitals for one kind of care.
        Specialist = "specialist",
        /// Mental health and learning disability.
        MentalHealth = "mental_health",
        /// Care in clinics and at home.
        Community = "community",
        /// Ambulance services.
        Ambulance = "ambulance",
    }
);

impl CareSetting {
    /// The setting in a sentence: "acute care".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Acute => "acute care",
            Self::Specialist => "specialist care",
            Self::MentalHealth => "mental health care",
            Self::Community => "community care",
            Self::Ambulance => "ambulance services",
        }
    }
}

/// A set of care settings; the empty set means that none is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CareSettings(u8);

impl CareSettings {
    /// The number of different sets, the empty one included.
    pub const N_SETS: usize = 1 << CareSetting::ALL.len();

    /// Whether no setting is recorded.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the setting is among them.
    #[must_use]
    pub const fn contains(self, setting: CareSetting) -> bool {
        self.0 & (1 << setting as u8) != 0
    }

    /// Whether the two have a setting in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The same with one more.
    #[must_use]
    pub const fn with(self, setting: CareSetting) -> Self {
        Self(self.0 | (1 << setting as u8))
    }

    /// The settings, in the order of [`CareSetting::ALL`].
    pub fn iter(self) -> impl Iterator<Item = CareSetting> {
        CareSetting::ALL
            .iter()
            .copied()
            .filter(move |&s| self.contains(s))
    }

    /// The position of this set among all sets, `0..N_SETS`; 0 is the empty set.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every set, in the order of [`index`](Self::index).
    pub fn every() -> impl Iterator<Item = Self> {
        (0..1_u8 << CareSetting::ALL.len()).map(Self)
    }
}

impl FromIterator<CareSetting> for CareSettings {
    fn from_iter<I: IntoIterator<Item = CareSetting>>(settings: I) -> Self {
        settings.into_iter().fold(Self::default(), Self::with)
    }
}

/// The mean radius of the Earth in km (IUGG; Moritz, *Geodetic Reference System 1980*, 2000), as DESIGN 4.3 asks.
pub const EARTH_RADIUS_KM: f64 = 6371.0088;

/// A point on the Earth in WGS84 degrees; always finite and within bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    latitude: f64,
    longitude: f64,
}

impl Position {
    /// Accepts a latitude in `-90..=90` and a longitude in `-180..=180`; `None` for anything else, NaN included.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)).then_some(
            Self {
                latitude,
                longitude,
            },
        )
    }

    /// Degrees north.
    #[must_use]
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    #[must_use]
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// The great-circle distance in km by the haversine formula, on a sphere of [`EARTH_RADIUS_KM`].
    #[must_use]
    pub fn distance_km(self, other: Self) -> f64 {
        let point = |p: Self| geo::Point::new(p.longitude, p.latitude);
        HaversineMeasure::new(EARTH_RADIUS_KM).distance(point(self), point(other))
    }
}

/// A board or an NHS region that an organisation belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Board {
    /// Its ODS code.
    pub code: BoardCode,
    /// Its name.
    pub name: String,
}

/// Whether an organisation is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Open: it may ask and be suggested.
    Active,
    /// Closed; its history counts for its successors.
    Closed {
        /// The last day, where it is known.
        on: Option<NaiveDate>,
    },
}

impl Status {
    /// Whether it is open.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed { .. } => "closed",
        }
    }
}

/// A body with an ODS code: who it is and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Organisation {
    /// Its code.
    pub ods_code: OdsCode,
    /// Its name as the register writes it.
    pub name: String,
    /// Whether it is open.
    pub status: Status,
    /// The first day, where it is known.
    pub opened: Option<NaiveDate>,
    /// The care it gives; empty where nothing is recorded.
    pub care_settings: CareSettings,
    /// Where the care settings come from.
    pub care_settings_provenance: Option<Provenance>,
    /// Its head office.
    pub position: Option<Position>,
    /// Where the position comes from.
    pub position_provenance: Option<Provenance>,
    /// Its integrated care board today.
    pub icb: Option<Board>,
    /// Its NHS region.
    pub region: Option<Board>,
    /// The day on which it declared its list of links complete.
    pub links_complete_on: Option<NaiveDate>,
    /// Where name, status and boards come from.
    pub provenance: Provenance,
}

/// One organisation took over from another, wholly or in part.
#[derive(Clone, Debug, PartialEq)]
pub struct Succession {
    /// Who it was.
    pub predecessor: OdsCode,
    /// Who it is since.
    pub successor: OdsCode,
    /// The first day of the new arrangement.
    pub date: PartialDate,
    /// Whether the predecessor went to one successor or was split among several.
    pub kind: SuccessionKind,
    /// Where this is from.
    pub provenance: Provenance,
}

named_enum!(
    /// How an organisation passed on.
    SuccessionKind, "a kind of succession" {
        /// Into one.
        Merger = "merger_or_succession",
        /// To several.
        Split = "split",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Two figures that differ only by rounding in the last places.
    const ROUNDING_KM: f64 = 1e-8;

    fn position(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    #[test]
    fn positions_outside_the_earth_do_not_exist() {
        for (latitude, longitude) in [
            (90.1, 0.0),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert!(Position::new(latitude, longitude).is_none());
        }
    }

    #[test]
    fn the_distance_is_the_published_haversine() {
        // Rosetta Code, "Haversine formula": Nashville to Los Angeles on a sphere of 6372.8 km.
        let measure = HaversineMeasure::new(6372.8);
        let nashville = geo::Point::new(-86.67, 36.12);
        let los_angeles = geo::Point::new(-118.40, 33.94);
        assert!(
            (measure.distance(nashville, los_angeles) - 2_887.259_950_607_11_f64).abs()
                < ROUNDING_KM
        );
        let ours = position(36.12, -86.67).distance_km(position(33.94, -118.40));
        assert!((ours / EARTH_RADIUS_KM - 2_886.444_442_837_98 / 6371.0).abs() < 1e-12);
        let degree = position(0.0, 0.0).distance_km(position(0.0, 1.0));
        assert!((degree / EARTH_RADIUS_KM - 111.194_926_644_559 / 6371.0).abs() < 1e-12);
    }

    #[test]
    fn a_set_of_settings_lists_what_went_in() {
        let set: CareSettings = [CareSetting::Community, CareSetting::Acute]
            .into_iter()
            .collect();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [CareSetting::Acute, CareSetting::Community]
        );
        assert!(set.contains(CareSetting::Acute) && !set.contains(CareSetting::Ambulance));
        assert_eq!(CareSettings::every().count(), CareSettings::N_SETS);
        assert!(
            CareSettings::every()
                .enumerate()
                .all(|(i, s)| s.index() == i)
        );
    }
}
