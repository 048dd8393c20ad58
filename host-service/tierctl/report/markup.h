// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hypertier::tierctl::report {

// Text that anybody may have written, for use in the text or in a quoted attribute of HTML, XML and SVG: nothing in it
// is markup, and what XML cannot hold or a reader would be misled by is written out. At most `limit` bytes before that.
std::string Escape(std::string_view text, std::size_t limit = 1000);

// At most `columns` of it, with … where something was left out; not escaped yet.
std::string Shorten(std::string_view text, std::size_t columns);

}  // namespace hypertier::tierctl::report
