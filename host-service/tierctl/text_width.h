// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hypertier::tierctl {

// Columns of a terminal that `text` takes: valid UTF-8 without control characters, as Printable makes it. What is wide
// is the C library's word under the locale in force; without one, every character is taken to be one column wide.
std::size_t Columns(std::string_view text);

// The longest beginning of `text` that takes at most `columns`.
std::string_view Cut(std::string_view text, std::size_t columns);

// `text` in exactly `columns`: filled with blanks, or cut, where `mark` (of one column) in the last one says so.
std::string Fit(std::string_view text, std::size_t columns, std::string_view mark);

}  // namespace hypertier::tierctl
