#pragma once
// How the way from coarse results to full size is recognised; included by lower.hpp.
#include "hairline/kernels/lower.hpp"

namespace hairline::kernels::detail {

/// Background Matting V2's refiner: everything from the error map's resize to the patches put back.
inline void Lowering::find_refine_stage() {
  const int count = static_cast<int>(graph_.nodes.size());
  int select = -1, replace = -1;
  std::vector<int> convs, norms;
  for (int i = 0; i < count; ++i)
    if (op(i) == "select_cells") select = i;
  if (select < 0) return find_plain_finish();
  RefineStage& r = out_.refine;
  r.first_node = in(select, 0);
  for (int i = select; i < count; ++i) {
    if (op(i) == "conv2d") convs.push_back(i);
    if (op(i) == "batch_norm") norms.push_back(i);
    if (op(i) == "replace_patches") replace = i;
  }
  if (op(r.first_node) != "resize_bilinear_like" || convs.size() != 4 || norms.size() != 3 || replace < 0) return;
  for (std::size_t k = 0; k < 4; ++k) r.conv[k] = convs[k];
  for (std::size_t k = 0; k < 3; ++k) {
    r.norm[k] = norms[k];
    r.widths[k] = node(convs[k]).channels;
  }
  r.kernel = node(convs[0]).integer("kernel");
  r.error_node = in(r.first_node, 0);
  r.padded_node = in(r.first_node, 1);
  r.present = r.refines = true;
}

/// The same without a refiner: joined coarse values resized to the picture's size, then the residual added to it.
inline void Lowering::find_plain_finish() {
  for (int i = graph_.input_count; i < static_cast<int>(graph_.nodes.size()); ++i) {
    if (op(i) != "add" || op(in(i, 0)) != "slice") continue;
    const int picture = in(i, 1), resize = in(in(i, 0), 0);
    if (op(picture) != "input" && op(picture) != "pad_to_multiple") continue;
    if (op(resize) != "resize_bilinear_like" || op(in(resize, 0)) != "concat") continue;
    out_.refine.first_node = in(resize, 0);
    out_.refine.padded_node = in(resize, 1);
    out_.refine.present = true;
    return;
  }
}

/// The coarse buffer's layout is known once the head has been lowered.
inline void Lowering::finish_refine_stage() {
  RefineStage& r = out_.refine;
  if (!r.refines) {
    const Place &alpha = at(in(r.first_node, 0)).place, &residual = at(in(r.first_node, 1)).place;
    r.present = alpha.storage >= 0 && alpha.storage == residual.storage;
    r.coarse = alpha;
    r.coarse_node = in(r.first_node, 0);
    r.alpha_at = alpha.first;
    r.residual_at = residual.first;
    return;
  }
  // The joined coarse values: hidden, alpha, residual, resized to half the picture's size.
  for (int i = r.first_node; i < static_cast<int>(graph_.nodes.size()); ++i) {
    if (op(i) != "concat" || node(i).input_count != 3) continue;
    const Place &hidden = at(in(i, 0)).place, &alpha = at(in(i, 1)).place, &residual = at(in(i, 2)).place;
    if (hidden.storage < 0 || alpha.storage != hidden.storage || residual.storage != hidden.storage) continue;
    r.coarse = hidden;
    r.coarse_node = in(i, 0);
    r.hidden_at = hidden.first;
    r.hidden = hidden.channels;
    r.alpha_at = alpha.first;
    r.residual_at = residual.first;
  }
  r.error = at(r.error_node).place;
  r.present = r.refines = r.coarse.storage >= 0 && r.error.storage >= 0;
}

/// Behind the refiner only what results need beside it: the coarse foreground.
inline bool Lowering::needed_beside_refine(int i) {
  if (op(i) != "add") return false;
  for (int k = 0; k < 2; ++k)
    if (at(in(i, k)).place.storage < 0) return false;
  return true;
}

}  // namespace hairline::kernels::detail
