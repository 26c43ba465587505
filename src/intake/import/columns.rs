//! The columns of the tables: those that are read, and those of the bundled files that are known and passed over.

use crate::domain::import::ImportKind;

/// Whether a column has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The table cannot be read without it.
    Needed,
    /// It may be left out.
    Optional,
    /// It is known and not read.
    PassedOver,
}

/// What stands in the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A code, which a spreadsheet takes for a number or a date all too easily.
    Code,
    /// Words.
    Text,
    /// A number.
    Number,
    /// A day, a month or a year.
    Date,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether it has to be there.
    pub need: Need,
    /// What stands in it.
    pub form: Form,
}

const fn needed(name: &'static str, form: Form) -> Column {
    Column {
        name,
        need: Need::Needed,
        form,
    }
}

const fn optional(name: &'static str, form: Form) -> Column {
    Column {
        name,
        need: Need::Optional,
        form,
    }
}

const fn passed_over(name: &'static str) -> Column {
    Column {
        name,
        need: Need::PassedOver,
        form: Form::Text,
    }
}

/// The columns of `organisations.csv`; its attributes are imported as attributes.
const ORGANISATIONS: &[Column] = &[
    needed("ods_code", Form::Code),
    optional("name", Form::Text),
    optional("status", Form::Text),
    optional("opened", Form::Date),
    optional("closed", Form::Date),
    optional("care_setting", Form::Text),
    optional("care_setting_source", Form::Text),
    optional("latitude", Form::Number),
    optional("longitude", Form::Number),
    optional("geo_source", Form::Text),
    optional("icb_code", Form::Code),
    optional("icb_name", Form::Text),
    optional("region_code", Form::Code),
    optional("nhs_region", Form::Text),
    optional("source", Form::Text),
    optional("as_of", Form::Date),
    passed_over("postcode"),
    passed_over("org_form"),
    passed_over("primary_type_2024"),
    passed_over("eric_type"),
    passed_over("eric_type_year"),
    passed_over("acute_teaching"),
    passed_over("icb_code_2025"),
    passed_over("icb_name_2025"),
    passed_over("successor_ods_code"),
    passed_over("current_ods_code"),
    passed_over("general_acute_beds"),
    passed_over("beds_month"),
    passed_over("catchment_all_admissions_2022"),
    passed_over("catchment_emergency_2022"),
    passed_over("staff_fte_2018_06"),
    passed_over("staff_fte_2019_20"),
    passed_over("staff_fte_est"),
    passed_over("staff_fte_est_basis"),
    passed_over("imd2010_score_patients_2019_20"),
    passed_over("urban_share_2019_20"),
];

/// The columns of `systems.csv`.
const SYSTEMS: &[Column] = &[
    needed("ods_code", Form::Code),
    needed("module", Form::Text),
    optional("vendor", Form::Text),
    optional("product", Form::Text),
    optional("version", Form::Text),
    needed("status", Form::Text),
    optional("live_date", Form::Date),
    optional("end_date", Form::Date),
    optional("as_of", Form::Date),
    optional("source", Form::Text),
    passed_over("vendor_as_reported"),
    passed_over("confidence"),
    passed_over("note"),
];

/// The columns of a table of attributes; those of `digital_maturity.csv` beside `attribute` say the same in other words.
const ATTRIBUTES: &[Column] = &[
    needed("ods_code", Form::Code),
    optional("attribute", Form::Text),
    optional("care_setting", Form::Text),
    needed("value", Form::Number),
    optional("as_of", Form::Date),
    optional("source", Form::Text),
    optional("scheme", Form::Text),
    optional("metric", Form::Text),
    passed_over("scale"),
    passed_over("note"),
];

/// The columns of `relationships.csv`.
const LINKS: &[Column] = &[
    needed("a_ods", Form::Code),
    needed("b_ods", Form::Code),
    needed("kind", Form::Text),
    optional("since", Form::Date),
    optional("until", Form::Date),
    optional("note", Form::Text),
    optional("source", Form::Text),
];

/// The columns of `memberships.csv`.
const MEMBERSHIPS: &[Column] = &[
    needed("ods_code", Form::Code),
    needed("group_kind", Form::Text),
    optional("group_code", Form::Text),
    optional("group_name", Form::Text),
    optional("since", Form::Date),
    optional("until", Form::Date),
    optional("source", Form::Text),
];

/// The columns of `mergers.csv`.
const SUCCESSIONS: &[Column] = &[
    needed("predecessor_ods", Form::Code),
    passed_over("predecessor_name"),
    needed("successor_ods", Form::Code),
    passed_over("successor_name"),
    needed("date", Form::Date),
    needed("kind", Form::Text),
    optional("source", Form::Text),
];

const TOPICS: &[Column] = &[
    needed("ods_code", Form::Code),
    needed("topic", Form::Text),
    optional("need", Form::Text),
    optional("stage", Form::Text),
    optional("live_since", Form::Date),
    optional("as_of", Form::Date),
    optional("source", Form::Text),
];

/// The columns of a table; none for files that are no tables with a header.
#[must_use]
pub const fn columns(kind: ImportKind) -> &'static [Column] {
    match kind {
        ImportKind::Organisations => ORGANISATIONS,
        ImportKind::Systems => SYSTEMS,
        ImportKind::Attributes => ATTRIBUTES,
        ImportKind::Links => LINKS,
        ImportKind::Memberships => MEMBERSHIPS,
        ImportKind::Successions => SUCCESSIONS,
        ImportKind::Topics => TOPICS,
        ImportKind::OdsEtr | ImportKind::OdsOrd | ImportKind::Fhir => &[],
    }
}
