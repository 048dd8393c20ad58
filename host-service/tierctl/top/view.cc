// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/view.h"

#include <algorithm>

namespace hypertier::tierctl::top {

std::string_view SortName(Sort sort) {
  switch (sort) {
    case Sort::kName:
      return "name";
    case Sort::kFmem:
      return "fmem";
    case Sort::kHits:
      return "hit ratio";
  }
  return "";
}

void View::Press(Key key, std::size_t rows, std::size_t page) {
  switch (key) {
    case Key::kUp:
      top -= std::min<std::size_t>(top, 1);
      break;
    case Key::kDown:
      top += 1;
      break;
    case Key::kPageUp:
      top -= std::min(top, page);
      break;
    case Key::kPageDown:
      top += page;
      break;
    case Key::kHome:
      top = 0;
      break;
    case Key::kEnd:
      top = rows;
      break;
    case Key::kSort:
      sort = sort == Sort::kName ? Sort::kFmem : sort == Sort::kFmem ? Sort::kHits : Sort::kName;
      top = 0;
      break;
    case Key::kFold:
      folded = !folded;
      top = 0;
      break;
    case Key::kHelp:
      help = !help;
      break;
    case Key::kNone:
    case Key::kQuit:
      break;
  }
  Clamp(rows, page);
}

void View::Clamp(std::size_t rows, std::size_t page) {
  top = std::min(top, rows > page ? rows - page : 0);
}

}  // namespace hypertier::tierctl::top
