// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// Every knob, with its default, unit and reason. docs/placement.md says how to choose others.
struct Options {
  // Ranges, over all processes together. 2,048 ranges of 2 MiB tell 4 GiB apart chunk by chunk, and a plan over them
  // costs a fraction of a millisecond.
  std::size_t range_budget = 2048;

  // After this time an access counts half. Long, so that memory sampled once a second is still told apart: with 16 s
  // such a range's density is known to 15 %. Changes by more than a factor of two do not wait for it (change.h).
  Seconds half_life{16.0};

  // Ranges are split and merged at most this often, however often MakePlan is called. Five rounds lead from
  // 64 GiB to 2 MiB.
  Seconds adapt_interval{0.25};

  // A new mapping, and what a cut between different densities has made, takes no part in exchanges and promotions for
  // this long: the place of the cut was chosen for the difference, which the next two rounds may find smaller.
  Seconds young{0.5};

  // Standard errors between the densities of two parts of a range for it to be split there. A round looks at up to
  // 28 x 2,048 runs of bins, of which 4 standard errors let a few through by chance; those are joined again soon.
  double split_confidence = 4.0;

  // Neighbours whose densities are closer than this many standard errors are alike.
  double merge_confidence = 2.0;

  // A range with so many samples for each part is split into parts to look closer, where nothing yet says that they
  // differ. With 64 a part's density is known to 12 %. (Samples are counted as the half-life weighs them: up to 46 for
  // each sample a second.)
  double look_closer_samples = 64.0;

  // Alike neighbours with fewer samples than this together are merged. A fourth of what makes them split (two parts of
  // 64), so that splitting and merging do not chase each other.
  double merge_samples = 32.0;

  // Moves compare the low end of what the hot side may be with the high end of what the cold side may be; the ends lie
  // this many standard errors away. Among thousands of pairs some differ by 5 standard errors by chance; 3 on each
  // side, and `min_advantage` on top, keep those in place.
  double move_confidence = 3.0;

  // The hot side must be so many times as dense as the cold side. Below 1.25 the gain is under a fifth of what the page
  // is used for, and the order changes with every wind.
  double min_advantage = 1.25;

  // What it costs to move one page, in slow accesses that it must save: a page costs about 3 us to unmap, copy and map
  // again (in a batch), and an access about 0.1 us more in SMEM than in FMEM (CXL; PMEM more).
  double move_cost = 32.0;

  // A move must have paid for itself after this time. Hot sets of servers and of numeric programs live for tens of
  // seconds to hours. With 20 s and 32, a page is promoted for 1.6 accesses a second (410 per MiB), and exchanged,
  // which are two moves, for 3.2 more than the other's.
  Seconds payback{20.0};

  // Promotion into free FMEM stops this much above the watermark, as a share of it (and at least one chunk), so that
  // small allocations do not turn it into demotion.
  double promotion_gap = 0.1;

  // Bounds of a plan's lists. The mover takes from the front what its own rate limit allows before the next plan.
  std::size_t max_exchanges = 512;
  std::size_t max_promotions = 512;
  std::size_t max_demotions = 2048;
  std::size_t max_surveys = 64;

  // Size of one span that a plan asks to be measured: 8,192 pages, about a millisecond.
  Bytes survey_span = Bytes::MiB(32);
  // Residency older than this is asked for again (only what moves by itself, e.g. by reclaim, changes it unseen).
  Seconds survey_age{30.0};

  // A chunk that could not be moved is left out of plans for this long.
  Seconds defer{10.0};
  std::size_t max_deferred = 4096;

  std::size_t max_processes = 1024;

  // Residency is kept in blocks of 64 chunks (128 MiB), only where something is resident: at most 2 TiB in about 6 MiB.
  std::size_t max_residency_blocks = 16384;
};

// InvalidArgument names the first option that makes no sense, and what it may be.
absl::Status Validate(const Options& options);

}  // namespace hypertier::ranges
