// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hypertier::domain {

// HyperTier's element in a domain's <metadata>: <hypertier:vm xmlns:hypertier="urn:hypertier:vm:1" tenant="..."/>.
inline constexpr char kMetadataNamespace[] = "urn:hypertier:vm:1";
inline constexpr char kMetadataElement[] = "hypertier:vm";

}  // namespace hypertier::domain
