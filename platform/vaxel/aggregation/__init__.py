"""One question, every source answers: who is asked, and how many answers become one (spec/aggregation.md). Pure."""
