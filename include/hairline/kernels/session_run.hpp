#pragma once
// What Session does; included by session.hpp.
#include "hairline/kernels/session.hpp"

namespace hairline::kernels {

/// Twice as many strips as Halide's pool has threads: a late one costs half a strip.
inline int Session::tasks_for(int height) {
  const int threads = thread_count();
  return std::clamp(threads == 1 ? 1 : 2 * threads, 1, std::max(1, height));
}

inline Result<const Kernel*> Session::want(const std::string& name, const std::string& why) const {
  if (const Kernel* found = find(*net_->on.library, name, net_->on.target)) return found;
  return Error{ErrorCode::not_found, "library " + std::string(net_->on.library->name) + " has no kernel " + name +
                                         " for " + kernels::name(net_->on.target) + " ('" + why + "')"};
}

/// The kernels behind the steps, for every type of pictures.
inline Result<void> Session::find_kernels() {
  const RefineStage& r = net_->lowered.refine;
  if (!r.present || finish_kernels_[1][1] != nullptr) return {};
  if (on_device() && r.refines) {
    auto found = want(detail::select_kernel_name(r), "choose cells");
    if (!found) return found.error();
    select_kernel_ = *found;
  }
  for (std::size_t picture : {0, 1}) {
    for (std::size_t size : {0, 1}) {
      if (!r.refines) continue;
      auto found = want(
          detail::refine_kernel_name(r, kernels::refine_tiles[size]) + "_" + picture_types[picture].suffix, "refiner");
      if (!found) return found.error();
      refine_kernels_[size][picture] = *found;
    }
    for (std::size_t result = picture; result < 2; ++result) {
      const auto name = on_device() && r.refines ? detail::refined_finish_name : detail::finish_kernel_name;
      auto found = want(name(r, picture_types[picture].suffix, picture_types[result].suffix), "finish");
      if (!found) return found.error();
      finish_kernels_[picture][result] = *found;
    }
  }
  return {};
}

inline Result<void> Session::call(const Kernel* kernel, void** arguments) const {
  char message[512];
  const int code = net_->on.library->call(kernel->run, arguments, net_->on.device_queue(), message, sizeof message);
  if (code == 0) return {};
  return Error{ErrorCode::kernel, std::string(kernel->name) + " for " + kernels::name(net_->on.target) +
                                      " failed with code " + std::to_string(code) + ": " + message};
}

inline Result<void> Session::check(std::span<const AnyView> pictures, std::span<const ResultTarget> results) const {
  const LoweredNetwork& l = net_->lowered;
  if (pictures.size() != static_cast<std::size_t>(l.pictures))
    return Error{ErrorCode::invalid_argument, "network " + l.name + " reads " + std::to_string(l.pictures) +
                                                  " pictures, given " + std::to_string(pictures.size())};
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].empty())
      return Error{ErrorCode::invalid_argument, "picture " + std::to_string(i) + " is a null or empty view"};
    const Shape wanted{pictures[0].height(), pictures[0].width(), l.channels[i]};
    if (pictures[i].shape() != wanted)
      return Error{ErrorCode::invalid_argument, "picture " + std::to_string(i) + " is " +
                                                    to_string(pictures[i].shape()) + ", wanted " + to_string(wanted)};
  }
  for (const ResultTarget& r : results) {
    if (r.data == nullptr)
      return Error{ErrorCode::invalid_argument, "result " + std::string(r.name) + " is a null view"};
    const bool known =
        std::any_of(l.results.begin(), l.results.end(), [&](const Delivery& d) { return d.name == r.name; });
    if (!known)
      return Error{ErrorCode::not_found, "network " + l.name + " has no result '" + std::string(r.name) + "'"};
  }
  return {};
}

/// Everything that depends on the size alone.
inline Result<void> Session::prepare(int height, int width, const RunOptions& options) {
  const auto same_scale = [&] {
    return options.get("backbone_scale", 0.25) == options_.get("backbone_scale", 0.25) &&
           options.get("refine_mode", 0) == options_.get("refine_mode", 0);
  };
  if (height == height_ && width == width_ && same_scale()) return {};
  height_ = width_ = 0;  // until everything has worked
  if (auto ok = find_kernels(); !ok) return ok;
  shapes_ = shapes(net_->graph, height, width, options);
  for (const Step& step : net_->lowered.steps)
    if (shape(step.node).height <= 0 || shape(step.node).width <= 0)
      return Error{ErrorCode::invalid_argument, "the pictures are too small for network " + net_->lowered.name +
                                                    ": nothing is left of them at '" + step.name + "'"};
  if (on_device())
    if (auto ok = reserve_blocks(); !ok) return ok;
  if (on_device() && net_->lowered.refine.refines)
    if (auto ok = upload_taps(); !ok) return ok;
  const std::size_t before = plan_.size;
  if (!on_device()) plan_ = plan_memory(net_->lowered, shapes_);
  if (!on_device() && (plan_.size > before || arena_.data() == nullptr)) {
    arena_ = Pages();
    arena_ = Pages(plan_.size);
    if (arena_.data() == nullptr) {
      const std::size_t bytes = plan_.size * sizeof(float);
      plan_.size = 0;
      return Error{ErrorCode::out_of_memory, "no " + std::to_string(bytes >> 20) +
                                                 " MiB for the activations of network " + net_->lowered.name + " at " +
                                                 std::to_string(width) + "x" + std::to_string(height)};
    }
  } else {
    plan_.size = std::max(plan_.size, before);
  }
  steps_.clear();
  for (std::size_t i = 0; i < net_->lowered.steps.size(); ++i) {
    auto prepared = prepare_step(i);
    if (!prepared) return prepared.error();
    steps_.push_back(std::move(*prepared));
  }
  height_ = height;
  width_ = width;
  options_ = options;
  return {};
}

inline Result<Session::PreparedStep> Session::prepare_step(std::size_t which) {
  const Step& step = net_->lowered.steps[which];
  const detail::PackedStep& packed = net_->steps[which];
  PreparedStep p;
  const bool pictures = step.kind == StepKind::pictures;
  for (int t = 0; t < (pictures ? 2 : 1); ++t) {
    const std::string name = step.kernel.name + (pictures ? std::string("_") + picture_types[t].suffix : "");
    auto found = want(name, step.name);
    if (!found) return found.error();
    p.kernel[t] = *found;
  }
  const auto buffer = [&](detail::Argument a) {
    p.buffers.push_back(a);
    p.arguments.push_back(p.buffers.back().pointer());
  };
  const auto vector = [&](const detail::PackedStep& of, std::size_t which, const std::vector<float>& v) {
    buffer(this->packed(of, which, v.data(), std::array<int, 1>{static_cast<int>(v.size())}));
  };
  const auto typed = [&](const detail::PackedStep& of, const detail::Argument& a) {
    return a.of_type(of.numbers, net_->on.target);
  };
  const auto depthwise = [&](const detail::PackedStep& of) {
    const std::array<int, 3> extents{of.extents[0], of.extents[1], of.extents[2]};
    buffer(typed(of, this->packed(of, 0, of.weights.data(), extents)));
  };
  const auto scalar = [&](int v) {
    p.scalars.push_back(v);
    p.arguments.push_back(&p.scalars.back());
  };
  const TensorShape& out = shape(step.node);
  p.arguments.push_back(nullptr);
  for (const StepInput& in : step.inputs) {
    if (pictures) {
      p.picture_slots.push_back(p.arguments.size());
      p.picture_index.push_back(-1 - in.place.storage);
      p.arguments.push_back(nullptr);
    } else {
      buffer(activation(in.place, in.node));
    }
  }
  const TensorShape& size = shape(step.size_node);
  if (step.kind == StepKind::conv2d) {
    buffer(typed(packed, this->packed(packed, 0, packed.weights.data(), packed.extents)));
    if (step.bias.storage >= 0)
      buffer(computed_bias(step.bias));
    else
      vector(packed, 1, packed.bias);
    if (!step.low.empty()) {
      vector(packed, 2, packed.low);
      vector(packed, 3, packed.high);
    }
    if (step.addend.place.storage >= 0) buffer(activation(step.addend.place, step.addend.node));
    scalar(size.height);
    scalar(size.width);
  } else if (step.kind == StepKind::depthwise) {
    depthwise(packed);
    vector(packed, 1, packed.bias);
  } else if (!step.parts.empty()) {
    for (std::size_t i = 0; i < packed.parts.size(); ++i) {
      const detail::PackedStep& part = packed.parts[i];
      if (step.parts[i].kind == StepKind::depthwise)
        depthwise(part);
      else
        buffer(typed(part, this->packed(part, 0, part.weights.data(), part.extents)));
      vector(part, 1, part.bias);
    }
    if (step.addend.place.storage >= 0) buffer(activation(step.addend.place, step.addend.node));
  } else if (pictures) {
    // A scaled picture is seen padded: that is the size which is scaled.
    const int source = net_->graph.nodes[static_cast<std::size_t>(step.size_node)].op->name == "scale_bilinear"
                           ? net_->graph.nodes[static_cast<std::size_t>(step.size_node)].inputs[0]
                           : step.size_node;
    scalar(shape(source).width);
    scalar(shape(source).height);
  }
  scalar(tasks_for(out.height));
  buffer(
      activation({step.storage, 0, 0, net_->lowered.storage_pitch[static_cast<std::size_t>(step.storage)]}, step.node));
  return p;
}

/// u8 and f32 as they are; everything else as f32 of our own.
inline Result<void> Session::take_pictures(std::span<const AnyView> pictures) {
  pictures_.clear();
  const bool bytes =
      std::all_of(pictures.begin(), pictures.end(), [](const AnyView& v) { return v.type() == PixelType::u8; });
  picture_type_ = bytes ? 0 : 1;
  converted_.resize(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const AnyView& v = pictures[i];
    const auto reach = [](std::ptrdiff_t stride, int extent) { return std::abs(stride) * std::max(extent - 1, 0); };
    if (reach(v.strides().x, v.width()) + reach(v.strides().y, v.height()) + reach(v.strides().c, v.channels()) >=
        std::ptrdiff_t{1} << 28)
      return Error{ErrorCode::unsupported, "picture " + std::to_string(i) + " spans more than 2^28 numbers"};
    v.visit([&](auto typed) {
      using T = typename decltype(typed)::value_type;
      if constexpr (std::is_same_v<T, std::uint8_t> || std::is_same_v<T, float>) {
        if (v.type() == (bytes ? PixelType::u8 : PixelType::f32)) {
          pictures_.push_back(detail::picture_argument(typed.data(), v.shape(), v.strides(), v.type()));
          return;
        }
      }
      if (converted_[i].shape() != v.shape()) converted_[i] = Image<float>(v.shape());
      copy_pixels<float>(typed, converted_[i].view());
      const View<float> own = converted_[i].view();
      pictures_.push_back(detail::picture_argument(own.data(), own.shape(), own.strides(), PixelType::f32));
    });
  }
  return on_device() ? upload_pictures() : Result<void>{};
}

/// A step whose result only a caller reads is done only if the caller wants it.
inline void Session::choose_steps(std::span<const ResultTarget> results) {
  const LoweredNetwork& l = net_->lowered;
  wanted_.assign(l.steps.size(), 0);
  for (std::size_t i = l.steps.size(); i-- > 0;) {
    const int own = l.steps[i].storage;
    bool wanted = l.refine.present && (l.refine.coarse.storage == own || l.refine.error.storage == own);
    for (const Delivery& d : l.results)
      if (d.kind == Delivery::Kind::place && d.place.storage == own)
        for (const ResultTarget& t : results) wanted = wanted || t.name == d.name;
    for (std::size_t k = i + 1; k < l.steps.size() && !wanted; ++k) {
      if (!wanted_[k]) continue;
      wanted = l.steps[k].addend.place.storage == own || l.steps[k].bias.storage == own;
      for (const StepInput& in : l.steps[k].inputs) wanted = wanted || in.place.storage == own;
    }
    wanted_[i] = wanted ? 1 : 0;
  }
}

/// Of a convolution, perhaps of some of its input channels only, or of a fused block.
inline double Session::multiply_adds(const Step& step) const {
  double sum = 0;
  for (const Step& part : step.parts) sum += multiply_adds(part);
  if (step.conv < 0) return sum;
  const Node& n = net_->graph.nodes[static_cast<std::size_t>(step.conv)];
  TensorShape out = shape(step.node);
  out.channels = n.channels;
  double all = n.op->multiply_adds(n, out);
  if (step.kind == StepKind::conv2d) {
    int read = 0;
    for (const StepInput& in : step.inputs) read += in.place.channels;
    all *= static_cast<double>(read) / n.in_channels;
  }
  return all;
}

inline Result<void> Session::run_steps(std::vector<StepTime>* times) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    PreparedStep& p = steps_[i];
    const Step& step = net_->lowered.steps[i];
    if (!wanted_[i]) continue;
    for (std::size_t k = 0; k < p.picture_slots.size(); ++k)
      p.arguments[p.picture_slots[k]] = pictures_[static_cast<std::size_t>(p.picture_index[k])].pointer();
    const detail::Stopwatch watch;
    if (auto ok = call(p.kernel[p.picture_slots.empty() ? 0 : picture_type_], p.arguments.data()); !ok) return ok;
    if (times != nullptr) {
      if (auto ok = wait(); !ok) return ok;
      const auto bytes = [&](int node, int storage) {
        return static_cast<double>(shape(node).size()) * (net_->lowered.narrow(storage) ? 2.0 : 4.0);
      };
      StepTime time{step.name, step.kernel.name, watch.milliseconds(), 0, bytes(step.node, step.storage)};
      for (const StepInput& in : step.inputs) time.bytes += bytes(in.node, in.place.storage);
      if (step.addend.place.storage >= 0) time.bytes += bytes(step.addend.node, step.addend.place.storage);
      time.multiply_adds = multiply_adds(step);
      time.bytes += 4.0 * static_cast<double>(net_->steps[i].weights.size());
      for (const detail::PackedStep& part : net_->steps[i].parts)
        time.bytes += 4.0 * static_cast<double>(part.weights.size());
      times->push_back(std::move(time));
    }
  }
  return {};
}

template <class T>
void Session::deliver_as(const Delivery& d, const float* from, View<T> to) const {
  if (d.kind == Delivery::Kind::cells) {
    for (int y = 0; y < to.height(); ++y)
      for (int x = 0; x < to.width(); ++x)
        to(y, x, 0) = PixelTraits<T>::from_unit(
            chosen_[static_cast<std::size_t>(y) * static_cast<std::size_t>(to.width()) + static_cast<std::size_t>(x)] !=
                    0
                ? 1.0f
                : 0.0f);
    return;
  }
  from += d.place.first;
  const TensorShape& s = shape(d.node);
  for (int y = 0; y < to.height(); ++y)
    for (int x = 0; x < to.width(); ++x)
      for (int c = 0; c < to.channels(); ++c)
        to(y, x, c) = PixelTraits<T>::from_unit(
            from[(static_cast<std::size_t>(y) * static_cast<std::size_t>(s.width) + static_cast<std::size_t>(x)) *
                     static_cast<std::size_t>(d.place.pitch) +
                 static_cast<std::size_t>(c)]);
}

inline Result<void> Session::deliver(const Delivery& d, const ResultTarget& target) {
  const float* from = nullptr;
  if (d.kind == Delivery::Kind::place) {
    const auto found = values(d.place.storage);
    if (!found) return found.error();
    from = *found;
  }
  switch (target.type) {
    case PixelType::u8:
      deliver_as(d, from, target.as<std::uint8_t>());
      break;
    case PixelType::u16:
      deliver_as(d, from, target.as<std::uint16_t>());
      break;
    case PixelType::f64:
      deliver_as(d, from, target.as<double>());
      break;
    case PixelType::f32:
      deliver_as(d, from, target.as<float>());
      break;
  }
  return {};
}

inline Result<RunReport> Session::run(std::span<const AnyView> pictures, std::span<const ResultTarget> results,
                                      const RunOptions& options, std::vector<StepTime>* times) {
  if (auto ok = check(pictures, results); !ok) return ok.error();
  if (auto ok = prepare(pictures[0].height(), pictures[0].width(), options); !ok) return ok.error();
  for (const Delivery& d : net_->lowered.results)
    for (const ResultTarget& t : results) {
      const TensorShape& s = shape(d.node);
      const Shape wanted{s.height, s.width, s.channels};
      if (d.name == t.name && t.shape != wanted)
        return Error{ErrorCode::invalid_argument,
                     "result " + d.name + " is " + to_string(t.shape) + ", wanted " + to_string(wanted)};
    }
  if (auto ok = take_pictures(pictures); !ok) return ok.error();
  if (times != nullptr) times->clear();
  choose_steps(results);
  if (auto ok = run_steps(times); !ok) return ok.error();
  RunReport report;
  if (net_->lowered.refine.present) {
    auto refined = refine(results, options, times);
    if (!refined) return refined.error();
    report = *refined;
  }
  for (const Delivery& d : net_->lowered.results)
    for (const ResultTarget& t : results)
      if (d.name == t.name && (d.kind == Delivery::Kind::place || d.kind == Delivery::Kind::cells)) {
        if (d.kind == Delivery::Kind::cells && on_device())
          if (auto ok = download_cells(); !ok) return ok.error();
        if (auto ok = deliver(d, t); !ok) return ok.error();
      }
  return report;
}

}  // namespace hairline::kernels
