// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hypertier::tierctl::top {

// What a piece of text is; the screen knows how that looks.
enum class Style { kPlain, kBold, kDim, kHeading, kGood, kMoving, kBad, kAlarm };

// The characters to draw with.
struct Glyphs {
  bool utf8;
  std::string_view resident;
  std::string_view charged;
  std::string_view rest;
  std::string_view target;
  // In place of what was cut off.
  std::string_view cut;
  std::string_view unfolded;
  std::string_view folded;
};
inline constexpr Glyphs kBlocks{true, "█", "▒", "─", "│", "…", "▾", "▸"};
inline constexpr Glyphs kAscii{false, "#", "+", "-", "|", "~", "-", "+"};

// `text` of others as a terminal with these glyphs can show it: one line, nothing that acts on the terminal.
std::string Shown(std::string_view text, const Glyphs& glyphs);

// A line of the screen, of a width that is known beforehand: what does not fit is cut off.
class Line {
 public:
  struct Span {
    Style style;
    std::string text;
  };

  Line(std::size_t width, const Glyphs& glyphs) : width_(width), glyphs_(&glyphs) {}

  // In exactly `columns`, or in what is left of them.
  void Column(Style style, std::string_view text, std::size_t columns);
  void ColumnRight(Style style, std::string_view text, std::size_t columns);
  // As long as it is.
  void Text(Style style, std::string_view text);
  void Blanks(std::size_t columns);
  // Fills the line up.
  void End(Style style = Style::kPlain);

  std::size_t left() const { return width_ - used_; }
  const std::vector<Span>& spans() const { return spans_; }
  std::string text() const;

 private:
  void Add(Style style, std::string text);

  std::size_t width_;
  std::size_t used_ = 0;
  const Glyphs* glyphs_;
  std::vector<Span> spans_;
};

}  // namespace hypertier::tierctl::top
