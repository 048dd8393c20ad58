// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace hypertier::web {

// A file of page/, as embed.cmake has put it into the program.
struct Asset {
  // "app.js"
  std::string_view name;
  std::string_view content_type;
  // With its quotes: a hash of the content.
  std::string_view etag;
  std::string_view content;
};

// All of them.
std::span<const Asset> Assets();

}  // namespace hypertier::web
