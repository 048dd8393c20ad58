// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace hypertier::tierctl::top {

enum class Key { kNone, kQuit, kUp, kDown, kPageUp, kPageDown, kHome, kEnd, kSort, kFold, kHelp };

// VMs within their tenant: by name, the largest FMEM charge first, or the worst hit ratio first.
enum class Sort { kName, kFmem, kHits };
std::string_view SortName(Sort sort);

// What the user chose to see.
struct View {
  Sort sort = Sort::kName;
  bool folded = false;
  bool help = false;
  // The row at the top of the body.
  std::size_t top = 0;

  // A key other than kQuit, with so many rows, of which `page` are visible.
  void Press(Key key, std::size_t rows, std::size_t page);
  // Rows have gone, or there is room for more: the last page is full.
  void Clamp(std::size_t rows, std::size_t page);
};

}  // namespace hypertier::tierctl::top
