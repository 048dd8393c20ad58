// SPDX-License-Identifier: Apache-2.0
//
// Short words for editing a domain's XML.
#pragma once

#include <fmt/format.h>

#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace hypertier::domain {

inline std::string KiB(Bytes bytes) {
  return fmt::format("{}", bytes.count() >> 10);
}

inline pugi::xml_node ChildOf(pugi::xml_node parent, const char* name) {
  pugi::xml_node child = parent.child(name);
  return child ? child : parent.append_child(name);
}

// Elements that belong near the top of a domain go behind <memory>, as libvirt itself writes them.
inline pugi::xml_node TopLevel(pugi::xml_node domain, const char* name) {
  pugi::xml_node child = domain.child(name);
  return child ? child : domain.insert_child_after(name, domain.child("vcpu"));
}

inline void SetAttribute(pugi::xml_node node, const char* name, std::string_view value) {
  pugi::xml_attribute attribute = node.attribute(name);
  if (!attribute) attribute = node.append_attribute(name);
  attribute.set_value(std::string(value).c_str());
}

inline void SetText(pugi::xml_node node, const std::string& text) {
  node.text().set(text.c_str());
}

}  // namespace hypertier::domain
