//! The publications that the bundled files are from, with the notices their licences ask for.

use super::slug;
use crate::domain::provenance::DataSet;
use crate::intake::table::{BadFile, Read};

/// A publication: slug, title, publisher, licence, notice, what is taken from it, its date.
struct Publication {
    slug: &'static str,
    title: &'static str,
    publisher: &'static str,
    licence: &'static str,
    attribution: &'static str,
    used_for: &'static str,
    as_of: &'static str,
}

const OGL: &str = "Open Government Licence v3.0";
const OGL_NOTICE: &str =
    "Contains public sector information licensed under the Open Government Licence v3.0.";

const PUBLICATIONS: [Publication; 13] = [
    Publication {
        slug: "ods-etr-2026-07",
        title: "Organisation Data Service: NHS trusts (etr), July 2026",
        publisher: "NHS England, Organisation Data Service (copy in Riyaburman-analytics/UK-healthcare-analysis)",
        licence: OGL,
        attribution: OGL_NOTICE,
        used_for: "codes, names, status, dates, integrated care boards and regions of trusts",
        as_of: "2026-07",
    },
    Publication {
        slug: "ods-organisations-2022-02",
        title: "Organisation table of the Organisation Data Service and the Data Security and Protection Toolkit, February 2022",
        publisher: "NHS Digital (copy in nhsx-mirror/SystemHierarchies)",
        licence: OGL,
        attribution: OGL_NOTICE,
        used_for: "four care trusts that the file of July 2026 leaves out",
        as_of: "2022-02",
    },
    Publication {
        slug: "ods-successions",
        title: "Organisation Data Service: succession files to April 2022",
        publisher: "NHS Digital (copies in humaniverse/geographr and epiforecasts/covid19.nhs.data)",
        licence: "Open Government Licence v3.0; copies under MIT",
        attribution: OGL_NOTICE,
        used_for: "mergers and splits of trusts; later ones are from pages named with each",
        as_of: "2022-04",
    },
    Publication {
        slug: "nspl-2025-05",
        title: "National Statistics Postcode Lookup, May 2025",
        publisher: "Office for National Statistics (copy in odileeds/Postcodes2LatLon)",
        licence: OGL,
        attribution: "Contains public sector information licensed under the Open Government Licence v3.0. Contains OS \
            data © Crown copyright and database right. Contains Royal Mail data © Royal Mail copyright and database \
            right. Contains National Statistics data © Crown copyright and database right.",
        used_for: "positions of head offices",
        as_of: "2025-05",
    },
    Publication {
        slug: "eric",
        title: "Estates Returns Information Collection 2016/17 and 2013/14",
        publisher: "NHS Digital (copy in tstephen/srp)",
        licence: OGL,
        attribution: OGL_NOTICE,
        used_for: "teaching status; care settings where no later source gives them",
        as_of: "2017-03-31",
    },
    Publication {
        slug: "dma-2025",
        title: "Digital Maturity Assessment 2025: data report, published 30 March 2026",
        publisher: "NHS England (copy in patrickmurphy1020/EPR_Project)",
        licence: "The copy carries no licence text of its own; NHS England publishes its statistics under the Open \
            Government Licence v3.0, but confirm before redistribution",
        attribution: "Copyright © 2026, NHS England.",
        used_for: "digital maturity by care setting, and care settings",
        as_of: "2025",
    },
    Publication {
        slug: "epr-suppliers-2024-10",
        title: "Freedom of information response: primary EPR supplier of each trust, October 2024",
        publisher: "NHS England (copy in regulate-tech/nhstech)",
        licence: OGL,
        attribution: OGL_NOTICE,
        used_for: "suppliers of electronic patient records; trust types",
        as_of: "2024-10-01",
    },
    Publication {
        slug: "named-pages",
        title: "News, trust and supplier pages, each named with its fact",
        publisher: "The page named in the source of each fact",
        licence: "Single facts restated in our own words; no text was copied",
        attribution: "The source of each fact names its page.",
        used_for: "further core systems, links between trusts, networks, later mergers",
        as_of: "",
    },
    Publication {
        slug: "beds-2025-08",
        title: "General and acute beds available, August 2025",
        publisher: "NHS England (copy in humaniverse/healthyr)",
        licence: "Open Government Licence v3.0; copy under MIT",
        attribution: OGL_NOTICE,
        used_for: "number of general and acute beds",
        as_of: "2025-08",
    },
    Publication {
        slug: "catchments-2022",
        title: "NHS hospital trust catchment populations, 2022",
        publisher: "Office for Health Improvement and Disparities (copy in regulate-tech/nhstech)",
        licence: OGL,
        attribution: OGL_NOTICE,
        used_for: "catchment populations of acute trusts",
        as_of: "2022",
    },
    Publication {
        slug: "workforce-2018-06",
        title: "NHS hospital and community health service workforce, June 2018",
        publisher: "NHS Digital (copy in TechForUK/my_eu)",
        licence: OGL,
        attribution: OGL_NOTICE,
        used_for: "number of staff where the figures of 2019/20 have none",
        as_of: "2018-06",
    },
    Publication {
        slug: "peer-finder-2019-20",
        title: "Trust peer finder: Euclidean distance estimation, 2019/20",
        publisher: "NHS England (nhsengland/NHSE-Methods-Euclidean-distance-estimation)",
        licence: "MIT",
        attribution: "From nhsengland/NHSE-Methods-Euclidean-distance-estimation, MIT licence. Contains public sector \
            information licensed under the Open Government Licence v3.0.",
        used_for: "number of staff, deprivation of patients, share of urban activity",
        as_of: "2020-03-31",
    },
    Publication {
        slug: "cancer-alliances",
        title: "Organisations and their cancer alliances",
        publisher: "Bennett Institute for Applied Data Science, University of Oxford (bennettoxford/openprescribing-hospitals)",
        licence: "MIT",
        attribution: "From bennettoxford/openprescribing-hospitals, MIT licence.",
        used_for: "members of cancer alliances",
        as_of: "",
    },
];

/// Every publication.
pub(super) fn all() -> Read<Vec<DataSet>> {
    PUBLICATIONS
        .iter()
        .map(|publication| {
            let as_of = Some(publication.as_of)
                .filter(|date| !date.is_empty())
                .map(str::parse)
                .transpose();
            Ok(DataSet {
                slug: slug("the bundled data sets", publication.slug)?,
                title: publication.title.to_owned(),
                publisher: publication.publisher.to_owned(),
                licence: publication.licence.to_owned(),
                attribution: publication.attribution.to_owned(),
                used_for: publication.used_for.to_owned(),
                as_of: as_of.map_err(|fault: crate::domain::dates::MalformedDate| BadFile {
                    file: "the bundled data sets",
                    line: None,
                    column: Some(publication.slug.to_owned()),
                    fault: fault.to_string(),
                })?,
            })
        })
        .collect()
}
