// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace hypertier::tierctl::report {

inline constexpr std::size_t kStackColours = 9;

// Of drawings. Colours are written out twice, light and dark, rather than as variables: not every program that shows
// SVG knows those, and one that does not know @media shows the light ones. Lines differ in their dashes, too.
inline constexpr std::string_view kDrawingStyle = R"(
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
.dim { fill: #57606a; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.bold { font-weight: 600; }
.heading { font-size: 15px; font-weight: 600; }
.title { font-size: 22px; font-weight: 600; }
.paper { fill: #ffffff; }
.grid { stroke: #d8dee4; fill: none; }
.axis { stroke: #8c959f; fill: none; }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.area { fill: currentColor; fill-opacity: .16; }
.solid { fill-opacity: 1; }
.seam { fill: none; stroke: #ffffff; stroke-width: 1; }
.resident { color: #0b62b0; }
.target { color: #b54708; }
.reservation { color: #1a7f37; stroke-dasharray: 9 4; }
.limit { color: #7a3ea8; stroke-dasharray: 2 5; }
.missing { color: #c01c28; }
.charged { color: #6f5b00; }
.free { color: #0f766e; stroke-dasharray: 9 4 2 4; }
.other { color: #57606a; }
.s0 { color: #2a6fb5; } .s1 { color: #d2691e; } .s2 { color: #3f8f3f; } .s3 { color: #8561b5; } .s4 { color: #b8860b; }
.s5 { color: #11868c; } .s6 { color: #c2387f; } .s7 { color: #7a4b2b; } .s8 { color: #8b949e; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.dim { fill: #9da7b3; }
.paper { fill: #0d1117; }
.grid { stroke: #262c36; }
.axis { stroke: #6e7681; }
.seam { stroke: #0d1117; }
.resident { color: #58a6ff; }
.target { color: #ffa657; }
.reservation { color: #56d364; }
.limit { color: #d2a8ff; }
.missing { color: #ff7b72; }
.charged { color: #e3c04a; }
.free { color: #4fd1c5; }
.other { color: #9da7b3; }
.s0 { color: #58a6ff; } .s1 { color: #f0a35e; } .s2 { color: #6fcf6f; } .s3 { color: #bfa0ec; } .s4 { color: #e3c04a; }
.s5 { color: #4fd1c5; } .s6 { color: #f58fc0; } .s7 { color: #c99a76; } .s8 { color: #9da7b3; }
}
)";

// Of the page around them.
inline constexpr std::string_view kPageStyle = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 920px; margin: 0 auto; padding: 24px 20px 48px;
  background: #ffffff; color: #1f2328; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 12px; overflow-wrap: anywhere; }
h2, caption { font-size: 17px; font-weight: 600; text-align: left; margin: 36px 0 6px; }
caption { margin: 0; padding: 0 0 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; }
dt { color: #57606a; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin-top: 28px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 14px; border-bottom: 1px solid #d8dee4; text-align: right; font-weight: 400; white-space: nowrap; }
thead th { color: #57606a; }
th:first-child { text-align: left; padding-left: 0; white-space: normal; }
svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
body { background: #0d1117; color: #e6edf3; }
dt, thead th { color: #9da7b3; }
th, td { border-bottom-color: #262c36; }
}
@media print { figure, table { break-inside: avoid; } }
)";

}  // namespace hypertier::tierctl::report
