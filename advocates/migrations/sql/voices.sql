-- Nothing that people say, and no vote, crosses businesses.
ALTER TABLE advocates_testimonial ADD CONSTRAINT testimonial_person_of_its_business
    FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE advocates_idea
    ADD CONSTRAINT idea_board_of_its_business
        FOREIGN KEY (board_id, business_id) REFERENCES advocates_board (id, business_id),
    ADD CONSTRAINT idea_person_of_its_business
        FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE advocates_vote
    ADD CONSTRAINT vote_idea_of_its_business
        FOREIGN KEY (idea_id, business_id) REFERENCES advocates_idea (id, business_id),
    ADD CONSTRAINT vote_person_of_its_business
        FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
ALTER TABLE advocates_response
    ADD CONSTRAINT response_survey_of_its_business
        FOREIGN KEY (survey_id, business_id) REFERENCES advocates_survey (id, business_id),
    ADD CONSTRAINT response_person_of_its_business
        FOREIGN KEY (advocate_id, business_id) REFERENCES loyalty_account (id, business_id);
