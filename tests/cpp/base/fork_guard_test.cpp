#include "base/fork_guard.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/in_child.hpp"

namespace authjwks {
namespace {

/// Writes down in one text what is called on it and its fellows.
class Witness : public ForkAware {
  public:
    Witness(std::string name, std::string& record) : name_(std::move(name)), record_(record) {}

    void before_fork() override { record_ += "before " + name_ + "\n"; }
    void after_fork_in_parent() override { record_ += "parent " + name_ + "\n"; }
    void after_fork_in_child() override { record_ += "child " + name_ + "\n"; }

  private:
    std::string name_;
    std::string& record_;
};

class GivenStateOfEachRank : public ::testing::Test {
  protected:
    GivenStateOfEachRank() {
        ForkGuard::add(scheduler, ForkGuard::Rank::scheduler);
        ForkGuard::add(registry, ForkGuard::Rank::registry);
        ForkGuard::add(source, ForkGuard::Rank::source);
    }
    ~GivenStateOfEachRank() override {
        for (Witness* witness : {&scheduler, &registry, &source}) ForkGuard::remove(*witness);
    }

    std::string record;
    Witness scheduler{"scheduler", record}, registry{"registry", record}, source{"source", record};
};

TEST_F(GivenStateOfEachRank, TheParentLocksByRankAndUnlocksTheOtherWayRound) {
    EXPECT_TRUE(support::holds_in_child([] { return true; }));

    EXPECT_EQ(record,
              "before registry\nbefore source\nbefore scheduler\n"
              "parent scheduler\nparent source\nparent registry\n");
}

TEST_F(GivenStateOfEachRank, TheChildBeginsAnewTheOtherWayRound) {
    EXPECT_TRUE(support::holds_in_child([this] {
        return record ==
               "before registry\nbefore source\nbefore scheduler\n"
               "child scheduler\nchild source\nchild registry\n";
    }));
}

TEST_F(GivenStateOfEachRank, StateThatWasRemovedIsLeftAlone) {
    ForkGuard::remove(source);

    EXPECT_TRUE(support::holds_in_child([] { return true; }));

    EXPECT_EQ(record, "before registry\nbefore scheduler\nparent scheduler\nparent registry\n");
    ForkGuard::add(source, ForkGuard::Rank::source);
}

TEST_F(GivenStateOfEachRank, AGrandchildIsForkedLikeAChild) {
    EXPECT_TRUE(support::holds_in_child([this] {
        record.clear();
        return support::holds_in_child(
            [this] { return record.ends_with("child scheduler\nchild source\nchild registry\n"); });
    }));
}

}  // namespace
}  // namespace authjwks
