# SPDX-License-Identifier: Apache-2.0
#
# Writes the files of the page into a C++ source: cmake -DOUT=assets.cc "-DFILES=a.js;b.css" -P embed.cmake
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(arrays "")
set(table "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  string(REGEX REPLACE "^.*\\." "" ending "${name}")
  if(NOT DEFINED type_${ending})
    message(FATAL_ERROR "${file}: no content type is known of .${ending}; add it to embed.cmake")
  endif()
  file(READ "${file}" hex HEX)
  file(SHA256 "${file}" hash)
  string(SUBSTRING "${hash}" 0 16 hash)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char k${number}[] = {${bytes}};\n")
  string(APPEND table "    {\"${name}\", \"${type_${ending}}\", \"\\\"${hash}\\\"\", {k${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}.new" "// Made by embed.cmake.
#include \"host-service/web/assets.h\"

namespace hypertier::web {
namespace {

${arrays}
constexpr Asset kAssets[] = {
${table}};

}  // namespace

std::span<const Asset> Assets() {
  return kAssets;
}

}  // namespace hypertier::web
")
file(RENAME "${OUT}.new" "${OUT}")
