//! The picture of an evaluation: the hit rate within ten places and the mean reciprocal rank of each ranking, with intervals.

use std::fmt::Write as _;

use crate::domain::evaluation::{CONFIDENCE, Evaluation, Figure, RankingFigures};

/// The picture's size, in its units.
const WIDTH: f64 = 760.0;
/// Where names end and bars begin.
const LEFT: f64 = 150.0;
/// The width of the range 0..=1 of one panel, and what is between panels.
const PANEL: f64 = 250.0;
const GAP: f64 = 60.0;
/// Where the first ranking is, and the height of one.
const TOP: f64 = 84.0;
const ROW: f64 = 34.0;

/// One of the two figures that are drawn.
struct Panel {
    title: &'static str,
    left: f64,
    colour: &'static str,
    figure: fn(&RankingFigures) -> Figure,
}

/// Blue and vermilion differ for those who see few colours (Okabe and Ito 2008, *Color Universal Design*).
const PANELS: [Panel; 2] = [
    Panel {
        title: "found within ten places",
        left: LEFT,
        colour: "#0072b2",
        figure: |figures| figures.hit_rates[2],
    },
    Panel {
        title: "mean reciprocal rank",
        left: LEFT + PANEL + GAP,
        colour: "#d55e00",
        figure: |figures| figures.mean_reciprocal_rank,
    },
];

/// Draws an evaluation as SVG.
pub(crate) fn picture(found: &Evaluation) -> String {
    let n_rows = u8::try_from(found.figures.len()).unwrap_or(u8::MAX);
    let bottom = TOP + f64::from(n_rows) * ROW;
    let height = bottom + 76.0;
    let mut svg = String::with_capacity(8192);
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"title description\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#212b32\">\n\
         <title id=\"title\">Where historical partners stand</title>\n\
         <desc id=\"description\">{}</desc>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"17\" font-weight=\"bold\">Where historical partners stand</text>\n\
         <text x=\"20\" y=\"48\" font-size=\"12\" fill=\"#4c6272\">{} pairs from both sides; lines: {:.0} % intervals over pairs</text>\n",
        described(found),
        found.n_pairs,
        CONFIDENCE * 100.0
    );
    for (line, figures) in (0_u8..).zip(&found.figures) {
        let middle = TOP + (f64::from(line) + 0.5) * ROW;
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 12.0,
            middle + 4.5,
            name(figures)
        );
        for panel in &PANELS {
            bar(&mut svg, panel, (panel.figure)(figures), middle);
        }
    }
    for panel in &PANELS {
        axis(&mut svg, panel, bottom);
    }
    let _ = writeln!(
        svg,
        "<text x=\"20\" y=\"{:.0}\" font-size=\"12\" fill=\"#4c6272\">How pairs were chosen is not what worked: this says how far a ranking \
         agrees with whoever chose them.</text>",
        bottom + 56.0
    );
    svg.push_str("</svg>\n");
    svg
}

fn name(figures: &RankingFigures) -> String {
    figures.ranking.as_str().replace('_', " ")
}

/// The picture in words.
fn described(found: &Evaluation) -> String {
    let mut words = format!("{} pairs, each from both sides.", found.n_pairs);
    for figures in &found.figures {
        let _ = write!(words, " {}:", name(figures));
        for panel in &PANELS {
            let Figure { value, low, high } = (panel.figure)(figures);
            let _ = write!(
                words,
                " {} {value:.2} ({low:.2} to {high:.2}),",
                panel.title
            );
        }
        words.pop();
        words.push('.');
    }
    words
}

fn bar(svg: &mut String, panel: &Panel, figure: Figure, middle: f64) {
    let x = |share: f64| panel.left + share.clamp(0.0, 1.0) * PANEL;
    let (left, colour) = (panel.left, panel.colour);
    let _ = write!(
        svg,
        "<rect x=\"{left}\" y=\"{:.1}\" width=\"{:.1}\" height=\"16\" fill=\"{colour}\" fill-opacity=\"0.55\"/>\n\
         <path d=\"M{:.1} {middle:.1}H{:.1}M{:.1} {:.1}V{:.1}M{:.1} {:.1}V{:.1}\" stroke=\"#212b32\" stroke-width=\"1.5\" fill=\"none\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{:.2}</text>\n",
        middle - 8.0,
        x(figure.value) - left,
        x(figure.low),
        x(figure.high),
        x(figure.low),
        middle - 5.0,
        middle + 5.0,
        x(figure.high),
        middle - 5.0,
        middle + 5.0,
        x(figure.high) + 6.0,
        middle + 4.0,
        figure.value,
    );
}

fn axis(svg: &mut String, panel: &Panel, bottom: f64) {
    let Panel { title, left, .. } = panel;
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{:.0}\" font-weight=\"bold\" font-size=\"12\">{title}</text>\n\
         <path d=\"M{left} {TOP}V{bottom}H{:.0}\" stroke=\"#aeb7bd\" fill=\"none\"/>",
        TOP - 8.0,
        left + PANEL
    );
    for share in [0.0, 0.5, 1.0] {
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"11\">{share}</text>",
            left + share * PANEL,
            bottom + 16.0
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluation::Ranking;
    use crate::domain::ids::Revision;

    #[test]
    fn the_picture_says_in_words_what_it_draws() {
        let figure = |value| Figure {
            value,
            low: value / 2.0,
            high: 1.0,
        };
        let figures = Ranking::ALL.iter().map(|&ranking| RankingFigures {
            ranking,
            hit_rates: [figure(0.1), figure(0.2), figure(0.5)],
            mean_reciprocal_rank: figure(0.25),
            median_rank: figure(4.0),
            alongside_ahead_by: figure(0.0),
        });
        let svg = picture(&Evaluation {
            revision: Revision(1),
            as_of: "2026-11-22".parse().unwrap(),
            seed: 1,
            n_pairs: 3,
            n_links_removed: 0,
            figures: figures.collect(),
            cases: Vec::new(),
            left_out: Vec::new(),
        });
        for part in [
            "3 pairs, each from both sides.",
            "same vendor: found within ten places 0.50 (0.25 to 1.00), mean reciprocal rank 0.25 (0.12 to 1.00).",
            // Half of the first panel, a quarter of the second.
            "<rect x=\"150\" y=\"93.0\" width=\"125.0\"",
            "<rect x=\"460\" y=\"93.0\" width=\"62.5\"",
        ] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
