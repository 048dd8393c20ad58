// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hypertier::domain {

// HyperTier's element in a domain's <metadata>; everything in it may be left out:
//   <hypertier:vm xmlns:hypertier="urn:hypertier:vm:1" tenant="acme" mode="auto" class="gold"
//       move-rate="64MiB">
//     <hypertier:fmem reservation="25%" limit="4GiB" shares="2"/>
//     <hypertier:smem reservation="8GiB"/>
//   </hypertier:vm>
// Percentages are of the tier's cell. docs/qos.md says what they mean.
inline constexpr char kMetadataNamespace[] = "urn:hypertier:vm:1";
inline constexpr char kMetadataElement[] = "hypertier:vm";

}  // namespace hypertier::domain
