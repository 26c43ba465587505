//! The picture of all groups: one mark for each organisation, on the two principal components.

use std::fmt::Write as _;

use crate::domain::peer_group::{PeerGroup, PeerGroups, words};

/// The picture's size, and the square that the points are in, in its units.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 560.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 50.0;
const SIDE: f64 = 430.0;
/// Where the legend begins.
const LEGEND: f64 = LEFT + SIDE + 24.0;

/// Colours that differ for those who see few colours and in grey (Okabe and Ito 2008, *Color Universal Design*), each with a
/// shape of its own.
const COLOURS: [&str; 8] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#8a8a00",
];

/// Draws the groups as SVG.
pub(crate) fn picture(groups: &PeerGroups) -> String {
    let mut svg = String::with_capacity(120 * groups.points.len() + 8192);
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title description\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#212b32\">\n\
         <title id=\"title\">Sites that are alike in context</title>\n\
         <desc id=\"description\">{}</desc>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"17\" font-weight=\"bold\">Sites that are alike in context</text>\n",
        described(groups)
    );
    frame(&mut svg, groups);
    let scale = Scale::of(groups);
    for point in &groups.points {
        let (x, y) = scale.place(point.at);
        mark(
            &mut svg,
            point.group.0,
            (x, y),
            4.5,
            Some(point.ods_code.as_str()),
        );
    }
    for (line, group) in (0_u8..).zip(&groups.groups) {
        legend(&mut svg, line, group);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The picture in words.
fn described(groups: &PeerGroups) -> String {
    let mut words = format!(
        "{} organisations on two axes that hold {:.0} and {:.0} per cent of the differences in context.",
        groups.points.len(),
        groups.explained[0] * 100.0,
        groups.explained[1] * 100.0
    );
    for group in &groups.groups {
        let _ = write!(
            words,
            " Group {}: {}.",
            group.number.label(),
            in_words(group)
        );
    }
    words
}

fn in_words(group: &PeerGroup) -> String {
    if group.is_small() {
        return "fewer than five organisations, not shown".to_owned();
    }
    let traits = group.traits();
    let like = match traits.is_empty() {
        true => "like most".to_owned(),
        false => traits.join(", "),
    };
    format!("{} organisations, {like}", group.size)
}

fn frame(svg: &mut String, groups: &PeerGroups) {
    let (bottom, middle_x, middle_y) = (TOP + SIDE, LEFT + SIDE / 2.0, TOP + SIDE / 2.0);
    let named = |axis: usize, nth: &str| {
        let mut loadings: Vec<_> = groups.loadings.iter().collect();
        loadings.sort_by(|a, b| b.on[axis].abs().total_cmp(&a.on[axis].abs()));
        let most = loadings
            .iter()
            .take(2)
            .filter_map(|loading| words(loading.attribute, loading.on[axis] > 0.0));
        let most: Vec<&str> = most.collect();
        let share = groups.explained[axis] * 100.0;
        format!("{nth} component ({share:.0} %): {}", most.join(", "))
    };
    let _ = write!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#aeb7bd\"/>\n\
         <text x=\"{middle_x}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"12\">{} \u{2192}</text>\n\
         <text transform=\"translate({:.0} {middle_y}) rotate(-90)\" text-anchor=\"middle\" font-size=\"12\">{} \u{2192}</text>\n",
        bottom + 28.0,
        named(0, "First"),
        LEFT - 24.0,
        named(1, "Second"),
    );
}

fn legend(svg: &mut String, line: u8, group: &PeerGroup) {
    let y = TOP + 12.0 + f64::from(line) * 62.0;
    mark(svg, group.number.0, (LEGEND, y), 6.0, None);
    let size = match group.is_small() {
        true => "fewer than 5, not shown".to_owned(),
        false => format!("{} sites", group.size),
    };
    let _ = writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"{:.0}\"><tspan font-weight=\"bold\">{}</tspan> {size}</text>",
        LEGEND + 14.0,
        y + 4.5,
        group.number.label()
    );
    for (below, words) in (1_u8..).zip(group.traits().into_iter().take(2)) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" font-size=\"11\" fill=\"#4c6272\">{words}</text>",
            LEGEND + 14.0,
            y + 4.5 + f64::from(below) * 15.0
        );
    }
}

/// Draws one mark in the colour and shape of a group; `about` is told of it where somebody points at it.
fn mark(svg: &mut String, group: u8, (x, y): (f64, f64), r: f64, about: Option<&str>) {
    let colour = COLOURS[usize::from(group) % COLOURS.len()];
    let (l, t, ri, b) = (x - r, y - r, x + r, y + r);
    let shape = match group % 4 {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\""),
        1 => format!("<path d=\"M{l:.1} {t:.1}H{ri:.1}V{b:.1}H{l:.1}Z\""),
        2 => format!("<path d=\"M{x:.1} {t:.1}L{ri:.1} {b:.1}H{l:.1}Z\""),
        _ => format!("<path d=\"M{x:.1} {t:.1}L{ri:.1} {y:.1}L{x:.1} {b:.1}L{l:.1} {y:.1}Z\""),
    };
    // The second four shapes are the first four, hollow.
    let filled = match group < 4 {
        true => format!("fill=\"{colour}\" fill-opacity=\"0.75\""),
        false => format!("fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"1.8\""),
    };
    let _ = match about {
        Some(about) => writeln!(
            svg,
            "{shape} {filled}><title>{about}</title></{}>",
            name_of(&shape)
        ),
        None => writeln!(svg, "{shape} {filled}/>"),
    };
}

fn name_of(shape: &str) -> &'static str {
    if shape.starts_with("<circle") {
        "circle"
    } else {
        "path"
    }
}

/// From components to the square, with the same unit both ways.
struct Scale {
    middle: [f64; 2],
    unit: f64,
}

impl Scale {
    fn of(groups: &PeerGroups) -> Self {
        let range = |axis: usize| {
            let values = groups.points.iter().map(|point| point.at[axis]);
            let low = values.clone().fold(f64::INFINITY, f64::min);
            let high = values.fold(f64::NEG_INFINITY, f64::max);
            if low <= high { (low, high) } else { (0.0, 0.0) }
        };
        let ranges = [range(0), range(1)];
        let widest = ranges
            .iter()
            .map(|(low, high)| high - low)
            .fold(0.0, f64::max);
        Self {
            middle: ranges.map(|(low, high)| f64::midpoint(low, high)),
            unit: if widest > 0.0 {
                SIDE * 0.94 / widest
            } else {
                1.0
            },
        }
    }

    fn place(&self, at: [f64; 2]) -> (f64, f64) {
        let x = LEFT + SIDE / 2.0 + (at[0] - self.middle[0]) * self.unit;
        let y = TOP + SIDE / 2.0 - (at[1] - self.middle[1]) * self.unit;
        (x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OdsCode, Revision};
    use crate::domain::peer_group::{GroupMean, GroupNumber, Loading, Point};
    use crate::domain::profile::Attribute;

    fn group(number: u8, size: u32) -> PeerGroup {
        let means = match size < 5 {
            true => Vec::new(),
            false => vec![GroupMean {
                attribute: Attribute::StaffFte,
                mean: 9000.0,
                deviations: 1.0,
            }],
        };
        PeerGroup {
            number: GroupNumber(number),
            size,
            means,
        }
    }

    fn groups(points: &[(&str, u8, [f64; 2])]) -> PeerGroups {
        PeerGroups {
            revision: Revision(1),
            seed: 1,
            n_organisations: 9,
            n_grouped: 9,
            n_fitted: 9,
            tried: Vec::new(),
            groups: vec![group(0, 6), group(1, 3)],
            explained: [0.61, 0.2],
            loadings: vec![Loading {
                attribute: Attribute::StaffFte,
                on: [1.0, 0.0],
            }],
            points: points
                .iter()
                .map(|&(code, group, at)| Point {
                    ods_code: OdsCode::new(code).unwrap(),
                    group: GroupNumber(group),
                    at,
                })
                .collect(),
        }
    }

    #[test]
    fn the_picture_names_its_points_says_what_it_shows_and_hides_small_groups() {
        let svg = picture(&groups(&[("RTH", 0, [1.0, 2.0]), ("RHW", 0, [-1.0, 0.0])]));
        for part in [
            "<title>RTH</title>",
            "<title>RHW</title>",
            "<desc id=\"description\">2 organisations on two axes that hold 61 and 20 per cent",
            "Group A: 6 organisations, more staff.",
            "Group B: fewer than five organisations, not shown.",
        ] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn one_point_or_none_is_drawn_without_a_number_that_is_none() {
        for points in [&[][..], &[("RTH", 0, [5.0, 5.0])][..]] {
            let svg = picture(&groups(points));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        // In the middle of the square.
        let svg = picture(&groups(&[("RTH", 0, [5.0, 5.0])]));
        assert!(svg.contains("cx=\"285.0\" cy=\"265.0\""), "{svg}");
    }
}
