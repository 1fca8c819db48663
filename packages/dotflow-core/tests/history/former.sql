BEGIN TRANSACTION;
INSERT INTO "checkpoints" VALUES(1,'lease-etl','etl',1.79595810464531159406e+09,NULL,'{"v":1,"task_id":"-","workflow_id":"etl","run_id":null,"time":1795958104.64529,
"value":null}');
INSERT INTO "checkpoints" VALUES(2,'etl-~run','etl',NULL,NULL,'{"v":1,"task_id":"","workflow_id":"etl","run_id":"01M8KQ3RFFYQJVSV3D1E1H0000","time":1795958104.6396117,
"value":{"run_id":"01M8KQ3RFFYQJVSV3D1E1H0000","start":"01M8KQ3RFFYQJVSV3D1E1H0000","finished":true,"inputs":"b8e1dda3ac0aa3820ad2990b","plan":"5ea2c3acae93bf2c12789f2d"}}');
INSERT INTO "checkpoints" VALUES(3,'etl-one','etl',NULL,NULL,'{"v":1,"task_id":"7PYPGEYC8Z6M1J1K09HFWX7P25","workflow_id":"etl","run_id":"01M8KQ3RFFYQJVSV3D1E1H0000","time":1795958104.63881,"fingerprint":"1.c.00000000..9b032aec8b09.1.01M8KQ3RFFYQJVSV3D1E1H0000.=",
"value":[1,2]}');
INSERT INTO "checkpoints" VALUES(4,'lease-bad','bad',1.79595810465589618681e+09,NULL,'{"v":1,"task_id":"-","workflow_id":"bad","run_id":null,"time":1795958104.6558816,
"value":null}');
INSERT INTO "checkpoints" VALUES(5,'bad-~run','bad',NULL,NULL,'{"v":1,"task_id":"","workflow_id":"bad","run_id":"01M8KQ3RJ99H1J354KAYBF0000","time":1795958104.6542358,
"value":{"run_id":"01M8KQ3RJ99H1J354KAYBF0000","start":"01M8KQ3RJ99H1J354KAYBF0000","finished":false,"inputs":"b8e1dda3ac0aa3820ad2990b","plan":"567071076a8af8b34fb115e7"}}');
INSERT INTO "checkpoints" VALUES(6,'bad-one','bad',NULL,NULL,'{"v":1,"task_id":"6EYNWS5E24VC5Y9PAJ91G7N5WJ","workflow_id":"bad","run_id":"01M8KQ3RJ99H1J354KAYBF0000","time":1795958104.6520886,"fingerprint":"1.c.00000000..9b032aec8b09.1.01M8KQ3RJ99H1J354KAYBF0000.=",
"value":[1,2]}');
INSERT INTO "checkpoints" VALUES(7,'55349795-4965-4e5b-bb2d-bd8c6617d77b-one','55349795-4965-4e5b-bb2d-bd8c6617d77b',NULL,NULL,'{"v":1,"task_id":"01M8KQ3RJNAWZJXY3XZP9V0000","workflow_id":"55349795-4965-4e5b-bb2d-bd8c6617d77b","run_id":null,"time":1795958104.663496,
"value":[1,2]}');
INSERT INTO "events" VALUES(1,1,1.79595810458335733419e+09,'RunStarted',NULL,NULL,NULL,NULL);
INSERT INTO "events" VALUES(1,3,1795958104.63881,'TaskCompleted','one',1,'{"type":"list","size":2}',1.7959581046387879848e+09);
INSERT INTO "events" VALUES(1,4,1.79595810463960146906e+09,'RunFinished',NULL,NULL,NULL,NULL);
INSERT INTO "events" VALUES(2,1,1.79595810465153265002e+09,'RunStarted',NULL,NULL,NULL,NULL);
INSERT INTO "events" VALUES(2,3,1.79595810465208864216e+09,'TaskCompleted','one',1,'{"type":"list","size":2}',1.79595810465206956862e+09);
INSERT INTO "events" VALUES(2,4,1.79595810465328359602e+09,'TaskStarted','bad',1,NULL,NULL);
INSERT INTO "events" VALUES(2,5,1.79595810465389513969e+09,'TaskRetried','bad',1,'{"outcome":"Failed","exception":"ValueError","message":"order 17 was refused","traceback":"Traceback (most recent call last):\n  File \"gen.py\", line 11, in bad\n    raise ValueError(\"order 17 was refused\")\nValueError: order 17 was refused\n","delay":0.0}',NULL);
INSERT INTO "events" VALUES(2,6,1.79595810465400552752e+09,'TaskStarted','bad',2,NULL,NULL);
INSERT INTO "events" VALUES(2,7,1.79595810465410399433e+09,'TaskFailed','bad',2,'{"outcome":"Failed","exception":"ValueError","message":"order 17 was refused","traceback":"Traceback (most recent call last):\n  File \"gen.py\", line 11, in bad\n    raise ValueError(\"order 17 was refused\")\nValueError: order 17 was refused\n"}',NULL);
INSERT INTO "events" VALUES(2,8,1.79595810465422892577e+09,'RunFinished',NULL,NULL,NULL,NULL);
INSERT INTO "events" VALUES(3,1,1.79595810466276431085e+09,'RunStarted',NULL,NULL,NULL,NULL);
INSERT INTO "events" VALUES(3,3,1.79595810466349601738e+09,'TaskCompleted','one',1,'{"type":"list","size":2}',1.7959581046634812355e+09);
INSERT INTO "events" VALUES(3,4,1.79595810467728281018e+09,'TaskStarted','items',1,NULL,NULL);
INSERT INTO "events" VALUES(3,5,1.79595810467762780193e+09,'ItemFailed','items',NULL,'{"outcome":"Failed","exception":"KeyError","message":"item 1: ''k''","traceback":"Traceback (most recent call last):\n  File \"gen.py\", line 14, in items\n    if item==2: raise KeyError(\"k\")\n                ^^^^^^^^^^^^^^^^^^^\nKeyError: ''k''\n","index":1,"attempt":1,"began":1795958104.6774065}',NULL);
INSERT INTO "events" VALUES(3,6,1.79595810467768335341e+09,'TaskFailed','items',1,'{"outcome":"Failed","exception":"KeyError","message":"1 of 2 items failed; item 1: ''k''","traceback":"Traceback (most recent call last):\n  File \"gen.py\", line 14, in items\n    if item==2: raise KeyError(\"k\")\n                ^^^^^^^^^^^^^^^^^^^\nKeyError: ''k''\n","by_items":true}',NULL);
INSERT INTO "events" VALUES(3,7,1.79595810467774105075e+09,'RunFinished',NULL,NULL,NULL,NULL);
INSERT INTO "maps" VALUES(3,'items',1,1,0,0,2);
INSERT INTO "runs" VALUES(1,'01M8KQ3RFFYQJVSV3D1E1H0000','etl','vm','sequential','Completed',1.79595810458335733419e+09,1.79595810463960146906e+09,0.0562441349029541,NULL,1,'vm/21204/2726991@1dfc002b:4026531836',1.79595810463770365721e+09,'{}','[["one","7PYPGEYC8Z6M1J1K09HFWX7P25","default",[],null]]');
INSERT INTO "runs" VALUES(2,'01M8KQ3RJ99H1J354KAYBF0000','bad','Bad one','sequential','Failed',1.79595810465153265002e+09,1.79595810465422892577e+09,2.6962757110595703125e-03,NULL,2,'vm/21204/2726991@1dfc002b:4026531836',1795958104.6517,'{}','[["one","6EYNWS5E24VC5Y9PAJ91G7N5WJ","default",[],null],["bad","1ZNCKK0YXS91WDQVSTFN8ZA5W1","default",[0],null]]');
INSERT INTO "runs" VALUES(3,'01M8KQ3RJNAWZJXY3XZP9V0002','55349795-4965-4e5b-bb2d-bd8c6617d77b','vm','sequential','Failed',1.79595810466276431085e+09,1.79595810467774105075e+09,1.49767398834228515625e-02,NULL,2,'vm/21204/2726991@1dfc002b:4026531836',1.79595810466289019582e+09,'{}','[["one","01M8KQ3RJNAWZJXY3XZP9V0000","default",[],null],["items","01M8KQ3RJNAWZJXY3XZP9V0001","default",[0],null]]');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',3);
COMMIT;
