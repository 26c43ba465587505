//! The core systems that an organisation runs, as it says itself or as others say.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, delete, get, put};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::{Alongside, vendors};
use crate::domain::core_system::{CoreSystem, Module, SystemStatus};
use crate::domain::dates::PartialDate;
use crate::domain::error::Error;
use crate::domain::ids::{MalformedId, OdsCode};
use crate::domain::provenance::Provenance;
use crate::domain::vendor::{Supplier, Vendors};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::{Body, Object};
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{Fault, NoParameters, Params, Seeker};
use crate::http::fields::{Faults, date, line, own_word};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NoSuchThing, NotModified,
    RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::core_systems::{CoreSystemsView, ReadAsView, StatedModuleView};
use crate::http::views::text::SystemStatusName;
use crate::storage::{Touches, core_systems};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_core_systems", Rule::Anyone)
        .answers(include_str!("examples/list_core_systems.json")),
    Operation::new("put_core_systems", Rule::Own)
        .takes(
            r#"{"systems": [{"vendor": "Cerner", "product": "Millennium", "version": "2018.01", "status": "in_use", "liveOn": "2011-12"}]}"#,
        )
        .answers(include_str!("examples/put_core_systems.json")),
    Operation::new("withdraw_core_systems", Rule::Own),
];

/// The most systems of one module.
const MAX_SYSTEMS: usize = 20;

/// A rough size of the core systems of an organisation, in bytes.
const SYSTEMS_BYTES: usize = 4 * 1024;

/// A module of an organisation: `{odsCode}` and `{module}` of the path.
pub(crate) struct ModuleOf {
    code: OdsCode,
    module: Module,
}

impl FromRequest for ModuleOf {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let code = Seeker::from_request(request, payload).into_inner();
        let text = request.match_info().get("module").unwrap_or_default();
        ready(code.and_then(|Seeker(code)| {
            let module = text.parse().map_err(|malformed: MalformedId| {
                Problem::unreadable("/path/module", malformed.to_string())
            })?;
            Ok(Self { code, module })
        }))
    }
}

impl IntoParams for ModuleOf {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let names = Module::ALL.iter().map(|module| module.as_str());
        let module = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names));
        let mut parameters = Seeker::into_params(|| None);
        parameters.push(
            ParameterBuilder::new()
                .name("module")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("The module."))
                .schema(Some(module))
                .example(Some(json!("epr")))
                .build(),
        );
        parameters
    }
}

/// All systems of a module, or its known absence: one entry of status `none` or `none_procuring`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StateModule)]
pub(crate) struct GivenModule {
    /// Every system of the module, the replaced ones where they are to be shown; what is left out is recorded no longer.
    #[schema(value_type = Vec<GivenSystem>, min_items = 1, max_items = 20)]
    systems: Vec<Object<GivenSystem>>,
    /// The day, month or year of which this speaks, not after today; today by default.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    as_of: Option<String>,
}

/// One system, or that there is none.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StateSystem)]
pub(crate) struct GivenSystem {
    /// Who supplies it, by any name of the list of vendors, or a new name. Null for what is built in house or generic; it then
    /// needs a product.
    #[schema(
        max_length = 100,
        pattern = "^[^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*$"
    )]
    vendor: Option<String>,
    /// The product.
    #[schema(
        max_length = 100,
        pattern = "^[^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*$"
    )]
    product: Option<String>,
    /// The version.
    #[schema(
        max_length = 100,
        pattern = "^[^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*$"
    )]
    version: Option<String>,
    #[schema(value_type = SystemStatusName)]
    status: String,
    /// When it went live, or is to go live.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    live_on: Option<String>,
    /// When it ended.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    ended_on: Option<String>,
}

impl GivenModule {
    /// Checks every rule, and reads the vendors by the names that count.
    fn check(
        self,
        place: &ModuleOf,
        vendors: &Vendors,
        today: NaiveDate,
    ) -> Result<(Vec<CoreSystem>, Vec<ReadAsView>), Error> {
        let mut faults = Faults::default();
        let provenance = own_word(&mut faults, self.as_of.as_deref(), today);
        if self.systems.is_empty() {
            let words = "names at least one system; that there is none is said by the status none";
            faults.refuse("/systems", words);
        }
        if self.systems.len() > MAX_SYSTEMS {
            faults.refuse("/systems", format!("has at most {MAX_SYSTEMS} systems"));
        }
        let mut systems = Vec::new();
        let mut read_as = Vec::new();
        for (i, Object(given)) in self.systems.into_iter().take(MAX_SYSTEMS).enumerate() {
            let mut entry = Entry {
                faults: &mut faults,
                pointer: format!("/systems/{i}"),
                today,
            };
            let read = entry.read(given, place, vendors, provenance.as_ref());
            systems.extend(read.0);
            read_as.extend(read.1);
        }
        let n_absences = systems
            .iter()
            .filter(|system| system.status.is_known_absence())
            .count();
        let n_present = systems
            .iter()
            .filter(|system| system.status.is_present())
            .count();
        if n_absences > 1 || (n_absences == 1 && n_present > 0) {
            let words = "says both that there is a system and that there is none";
            faults.refuse("/systems", words);
        }
        faults.finish()?;
        Ok((systems, read_as))
    }
}

/// Where one system is read from, and what is wrong so far.
struct Entry<'a> {
    faults: &'a mut Faults,
    pointer: String,
    today: NaiveDate,
}

impl Entry<'_> {
    fn at(&self, field: &str) -> String {
        format!("{}/{field}", self.pointer)
    }

    fn keep<T>(
        &mut self,
        field: &str,
        given: Option<&str>,
        rule: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let pointer = self.at(field);
        self.faults.keep(pointer, rule(given?))
    }

    /// Reads one system; `None` where it is at fault, and how its vendor was read where that is another name.
    fn read(
        &mut self,
        given: GivenSystem,
        place: &ModuleOf,
        vendors: &Vendors,
        provenance: Option<&Provenance>,
    ) -> (Option<CoreSystem>, Option<ReadAsView>) {
        let n_faults = self.faults.0.len();
        let status = |text: &str| {
            let rule = |malformed: MalformedId| Fault::Rule(malformed.to_string());
            text.trim().parse::<SystemStatus>().map_err(rule)
        };
        let status = self.keep("status", Some(&given.status), status);
        let vendor = self.keep("vendor", given.vendor.as_deref(), line);
        let product = self.keep("product", given.product.as_deref(), line);
        let version = self.keep("version", given.version.as_deref(), line);
        let live = self.keep("liveOn", given.live_on.as_deref(), date);
        let ended = self.keep("endedOn", given.ended_on.as_deref(), date);
        let supplier = vendor.as_deref().map(|name| vendors.read(name));
        let read_as = vendor
            .zip(supplier.as_ref())
            .and_then(|(name, supplier)| read_as(name, supplier));
        let (vendor, named) = supplier.map_or((None, None), |s| (s.vendor, s.product));
        let (Some(status), Some(provenance)) = (status, provenance) else {
            return (None, None);
        };
        let system = CoreSystem {
            ods_code: place.code,
            module: place.module,
            vendor,
            product: product.or(named),
            version,
            status,
            live,
            ended,
            provenance: provenance.clone(),
        };
        self.check(&system, n_faults);
        (Some(system), read_as)
    }

    /// What the fields of a system have to do with each other.
    fn check(&mut self, system: &CoreSystem, n_faults: usize) {
        let Some(pointer) = (self.faults.0.len() == n_faults).then(|| self.pointer.clone()) else {
            return;
        };
        let is_named = system.vendor.is_some() || system.product.is_some();
        if system.status.is_known_absence() {
            if is_named || system.version.is_some() || system.live.is_some() {
                let words = "says that there is none, and yet what it is";
                self.faults.refuse(pointer, words);
            }
            return;
        }
        if !is_named {
            self.faults
                .refuse(pointer, "names neither a vendor nor a product");
        }
        if let Some((live, ended)) = system.live.zip(system.ended)
            && ended.last_day() < live.first_day()
        {
            self.faults
                .refuse(self.at("endedOn"), "is before the day it went live");
        }
        let is_future = |date: PartialDate| date.first_day() > self.today;
        if system.status == SystemStatus::InUse && system.live.is_some_and(is_future) {
            let words = "is after today for a system in use; one that is to go live is contracted";
            self.faults.refuse(self.at("liveOn"), words);
        }
    }
}

/// How a vendor is recorded, where that is not the name given.
fn read_as(given: String, supplier: &Supplier) -> Option<ReadAsView> {
    (supplier.vendor.as_deref() != Some(given.as_str())).then(|| ReadAsView {
        given,
        vendor: supplier.vendor.clone(),
        product: supplier.product.clone(),
    })
}

/// List core systems
///
/// Lists every module with its systems, whose word holds, from where and of when, and the words that a stronger one displaced.
#[utoipa::path(
    tag = "profile",
    params(Seeker),
    responses(
        (status = 200, description = "The core systems.", body = CoreSystemsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/core-systems")]
pub(crate) async fn list_core_systems(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let (version, modules) = alongside
        .storage()
        .read(move |connection| core_systems::of(connection, code))
        .await?;
    let view = CoreSystemsView::new(code, modules);
    answer::versioned(&request, &view, version, SYSTEMS_BYTES)
}

/// State the systems of a module
///
/// Puts the site's own word on a module in the place of all that holds: its whole list of systems, or that it has none. What
/// others said of the module stays beneath it and comes back when the site withdraws its word. A vendor is recorded under its
/// canonical name; `readAs` says where that is another than the one given. The version is that of all core systems of the
/// organisation.
#[utoipa::path(
    tag = "profile",
    params(ModuleOf, IfMatch),
    request_body = GivenModule,
    responses(
        (status = 200, description = "The module as it is recorded now.", body = StatedModuleView),
        ApiFailures, BodyFailures, RuleBroken, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/core-systems/{module}")]
pub(crate) async fn put_core_systems(
    request: HttpRequest,
    place: ModuleOf,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenModule>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let at = changing.at;
    let (systems, read_as) = body.0.check(&place, vendors()?, at.date_naive())?;
    let ModuleOf { code, module } = place;
    let change = changing.change("state_core_systems", Touches::Scoring);
    let (version, modules) = alongside
        .write_outcome(change, move |connection| {
            let outcome =
                core_systems::change(connection, code, module, &systems, &expected.0, at)?;
            Ok(outcome.with(core_systems::of(connection, code)?))
        })
        .await?;
    let record = modules
        .into_iter()
        .find(|record| record.module == module)
        .ok_or_else(|| Error::Internal("reading a module", "it is not listed".into()))?;
    let view = StatedModuleView {
        module: record.into(),
        read_as,
    };
    answer::versioned(&request, &view, version, SYSTEMS_BYTES)
}

/// Withdraw the word on a module
///
/// Withdraws the site's own word on a module; the strongest word of others that stands comes back.
#[utoipa::path(
    tag = "profile",
    params(ModuleOf, IfMatch),
    responses(
        (status = 204, description = "The word is withdrawn."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/core-systems/{module}")]
pub(crate) async fn withdraw_core_systems(
    place: ModuleOf,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let ModuleOf { code, module } = place;
    let at = changing.at;
    let change = changing.change("withdraw_core_systems", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            core_systems::withdraw(connection, code, module, &expected.0, at)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
