#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(Clock, IsNeverSetBack) { EXPECT_TRUE(Clock::is_steady); }

}  // namespace
}  // namespace authjwks
