#include "hairline/core/result.hpp"

#include <memory>

#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("a result holds a value or an error with its text") {
  const Result<int> good = 7;
  CHECK(good);
  CHECK(good.value() == 7);
  const Result<int> bad = Error{ErrorCode::not_found, "weights.safetensors: no such file"};
  CHECK_FALSE(bad);
  CHECK(bad.error().code == ErrorCode::not_found);
  CHECK_THROWS_WITH(bad.value(), "weights.safetensors: no such file");
  Result<std::unique_ptr<int>> owner = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = std::move(owner).value();
  CHECK(*taken == 3);
  const Result<void> done;
  CHECK(done);
  CHECK_NOTHROW(done.value());
  CHECK_THROWS_AS(Result<void>(Error{}).value(), BadResult);
}
